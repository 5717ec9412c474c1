/* <X> and <Z> of the outputs, and the costate their gradients start from. */

INLINE void measure_block(const vec *psi, int len, int j, vec *cross, vec *ones) {
    const int bit = 1 << j;
    vec both = {0}, one = {0};
    for (int high = 0; high < len; high += 2 * bit)
        for (int i = high; i < high + bit; i++) {
            both += psi[i] * psi[i + bit];
            one += psi[i + bit] * psi[i + bit];
        }
    *cross += both, *ones += one;
}

/* x[j] = <X_j>, z[j] = <Z_j> of the first n_out qubits */
INLINE void measure(const Shape *f, const vec *psi, vec *x, vec *z) {
    const int low = f->q < LOW ? f->q : LOW, block = 1 << low;
    for (int j = 0; j < f->n_out; j++) x[j] = z[j] = splat(0);
    for (int start = 0; start < f->len; start += block)
        for (int j = 0; j < f->n_out && j < low; j++) measure_block(psi + start, block, j, x + j, z + j);
    for (int j = low; j < f->n_out; j++) measure_block(psi, f->len, j, x + j, z + j);
    for (int j = 0; j < f->n_out; j++) {
        x[j] = (REAL)2 * x[j];
        z[j] = (REAL)1 - (REAL)2 * z[j];
    }
}

/* lambda = sum_j (gz_j Z_j + gx_j X_j) |psi>; the diagonal is built by doubling in `diagonal`, 2^n_out vectors */
INLINE void costate(const Shape *f, const vec *psi, const vec *gx, const vec *gz, vec *diagonal, vec *lambda) {
    diagonal[0] = splat(0);
    for (int j = 0; j < f->n_out; j++) diagonal[0] += gz[j];
    for (int j = 0; j < f->n_out; j++)
        for (int i = 0; i < 1 << j; i++) diagonal[i + (1 << j)] = diagonal[i] - (REAL)2 * gz[j];
    const int mask = (1 << f->n_out) - 1;
    for (int i = 0; i < f->len; i++) {
        vec sum = diagonal[i & mask] * psi[i];
        for (int j = 0; j < f->n_out; j++) sum += gx[j] * psi[i ^ (1 << j)];
        lambda[i] = sum;
    }
}
