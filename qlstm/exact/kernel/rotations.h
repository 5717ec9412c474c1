/* RY on every qubit, and the diagonals between: forward, adjoint and gradients. */

INLINE void ry_one(const vec *in, vec *out, int len, int k, REAL c, REAL s) {
    const int bit = 1 << k;
    for (int high = 0; high < len; high += 2 * bit)
        for (int i = high; i < high + bit; i++) {
            const vec a = in[i], b = in[i + bit];
            out[i] = c * a - s * b;
            out[i + bit] = s * a + c * b;
        }
}

/* RY on qubits k and k+1 in one pass over the state */
INLINE void ry_two(const vec *in, vec *out, int len, int k, REAL c0, REAL s0, REAL c1, REAL s1) {
    const int bit = 1 << k;
    for (int high = 0; high < len; high += 4 * bit)
        for (int i = high; i < high + bit; i++) {
            const vec a = in[i], b = in[i + bit], d = in[i + 2 * bit], e = in[i + 3 * bit];
            const vec a1 = c0 * a - s0 * b, b1 = s0 * a + c0 * b, d1 = c0 * d - s0 * e, e1 = s0 * d + c0 * e;
            out[i] = c1 * a1 - s1 * d1;
            out[i + bit] = c1 * b1 - s1 * e1;
            out[i + 2 * bit] = s1 * a1 + c1 * d1;
            out[i + 3 * bit] = s1 * b1 + c1 * e1;
        }
}

/* Qubits below LOW are handled block by block, so that a wide state passes through the first-level cache once. */
enum { LOW = 6 };

/* RY(angles) on all qubits; sign = -1 for the inverse */
INLINE void ry_all(const vec *in, vec *out, int q, int len, const REAL *c, const REAL *s, REAL sign) {
    const int low = q < LOW ? q : LOW, block = 1 << low;
    for (int start = 0; start < len; start += block) {
        const vec *from = in + start;
        vec *to = out + start;
        int k = 0;
        for (; k + 1 < low; k += 2, from = to) ry_two(from, to, block, k, c[k], sign * s[k], c[k + 1], sign * s[k + 1]);
        if (k < low) ry_one(from, to, block, k, c[k], sign * s[k]);
    }
    int k = low;
    for (; k + 1 < q; k += 2) ry_two(out, out, len, k, c[k], sign * s[k], c[k + 1], sign * s[k + 1]);
    if (k < q) ry_one(out, out, len, k, c[k], sign * s[k]);
}

/* grad[0] += Im <lambda| Y_k |psi> = sum over pairs of lambda_1 psi_0 - lambda_0 psi_1 */
INLINE void gradient_one(const vec *psi, const vec *lambda, int len, int k, vec *grad) {
    const int bit = 1 << k;
    vec up = {0}, down = {0};
    for (int high = 0; high < len; high += 2 * bit)
        for (int i = high; i < high + bit; i++) {
            up += lambda[i + bit] * psi[i];
            down += lambda[i] * psi[i + bit];
        }
    grad[0] += up - down;
}

/* the same for qubits k and k+1 in one pass */
INLINE void gradient_two(const vec *psi, const vec *lambda, int len, int k, vec *grad) {
    const int bit = 1 << k;
    vec up0 = {0}, down0 = {0}, up1 = {0}, down1 = {0};
    for (int high = 0; high < len; high += 4 * bit)
        for (int i = high; i < high + bit; i++) {
            const vec p0 = psi[i], p1 = psi[i + bit], p2 = psi[i + 2 * bit], p3 = psi[i + 3 * bit];
            const vec l0 = lambda[i], l1 = lambda[i + bit], l2 = lambda[i + 2 * bit], l3 = lambda[i + 3 * bit];
            up0 += l1 * p0 + l3 * p2, down0 += l0 * p1 + l2 * p3;
            up1 += l2 * p0 + l3 * p1, down1 += l0 * p2 + l1 * p3;
        }
    grad[0] += up0 - down0, grad[1] += up1 - down1;
}

/* grad[k] += Im <lambda| Y_k |psi> for all qubits */
INLINE void ry_gradients(const vec *psi, const vec *lambda, int q, int len, vec *grad) {
    const int low = q < LOW ? q : LOW, block = 1 << low;
    for (int start = 0; start < len; start += block) {
        int k = 0;
        for (; k + 1 < low; k += 2) gradient_two(psi + start, lambda + start, block, k, grad + k);
        if (k < low) gradient_one(psi + start, lambda + start, block, k, grad + k);
    }
    int k = low;
    for (; k + 1 < q; k += 2) gradient_two(psi, lambda, len, k, grad + k);
    if (k < q) gradient_one(psi, lambda, len, k, grad + k);
}

/* --- diagonals ------------------------------------------------------------------------------------------ */

/* out[i] = D[i] in[source[i]]; without D the bare permutation */
INLINE void diagonal_forward(const vec *in, vec *out, const int *source, const REAL *d, int n, int len) {
    if (!d) {
        for (int part = 0; part < len; part += n)
            for (int i = 0; i < n; i++) out[part + i] = in[part + (source ? source[i] : i)];
        return;
    }
    for (int i = 0; i < n; i++) {
        const int from = source ? source[i] : i;
        const vec re = in[from], im = in[n + from];
        out[i] = d[i] * re - d[n + i] * im;
        out[n + i] = d[i] * im + d[n + i] * re;
    }
}

/* the adjoint of the above on lambda; collects grad[i] += Im(conj(lambda_i) psi_i) at the output of D */
INLINE void diagonal_backward(const vec *psi, const vec *lambda, vec *out, const int *source, const REAL *d, int n, int len,
                              vec *grad) {
    if (!d) {
        for (int part = 0; part < len; part += n)
            for (int i = 0; i < n; i++) out[part + (source ? source[i] : i)] = lambda[part + i];
        return;
    }
    for (int i = 0; i < n; i++) {
        const int to = source ? source[i] : i;
        const vec re = lambda[i], im = lambda[n + i];
        grad[i] += re * psi[n + i] - im * psi[i];
        out[to] = d[i] * re + d[n + i] * im;
        out[n + to] = d[i] * im - d[n + i] * re;
    }
}
