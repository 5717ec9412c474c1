/* Encoding the input: the first as a product state, later ones as rotations, and the adjoint of both. */

/* The product state of H, RY, RZ on every qubit (qubits beyond the inputs: H only), by doubling. */
INLINE void product_state(const Shape *f, const Encoded *e, vec *psi) {
    const REAL r = (REAL)0.70710678118654752440;
    const int complex = f->len > f->n;
    psi[0] = splat(1);
    if (complex) psi[f->n] = splat(0);
    for (int k = 0; k < f->q; k++) {
        const int size = 1 << k;
        vec a = splat(r), b = splat(r);
        if (k < f->n_in) a = (e[k].c - e[k].s) * r, b = (e[k].c + e[k].s) * r;
        if (complex && f->phases && k < f->n_in) {
            const vec br = b * e[k].cp, bi = b * e[k].sp;
            for (int i = 0; i < size; i++) {
                const vec re = psi[i], im = psi[f->n + i];
                psi[i + size] = br * re - bi * im, psi[f->n + i + size] = br * im + bi * re;
                psi[i] = a * re, psi[f->n + i] = a * im;
            }
            continue;
        }
        for (int part = 0; part < f->len; part += f->n)
            for (int i = 0; i < size; i++) psi[part + i + size] = b * psi[part + i], psi[part + i] *= a;
    }
}

/* A later encoding: RY(theta), then RZ(phi) as diag(1, e^{i phi}), with angles that differ from sample to sample. */
INLINE void encode_again(const Shape *f, const Encoded *e, vec *psi) {
    for (int k = 0; k < f->n_in; k++) {
        const int bit = 1 << k;
        for (int high = 0; high < f->len; high += 2 * bit)
            for (int i = high; i < high + bit; i++) {
                const vec a = psi[i], b = psi[i + bit];
                psi[i] = e[k].c * a - e[k].s * b;
                psi[i + bit] = e[k].s * a + e[k].c * b;
            }
        if (!f->phases) continue;
        for (int i = 0; i < f->n; i++)
            if (i & bit) {
                const vec re = psi[i], im = psi[f->n + i];
                psi[i] = e[k].cp * re - e[k].sp * im;
                psi[f->n + i] = e[k].cp * im + e[k].sp * re;
            }
    }
}

/* The adjoint of an encoding. theta[k] += dL/dtheta, phi[k] += dL/dphi. `lambda` becomes the costate before it
 * when `through` (a later encoding); the first one starts from a constant. */
INLINE void encode_backward(const Shape *f, const Encoded *e, const vec *psi, vec *lambda, vec *theta, vec *phi, int through) {
    const int n = f->n;
    for (int k = 0; k < f->n_in; k++) {
        const int bit = 1 << k;
        vec up = {0}, down = {0};
        if (!f->phases) {
            for (int high = 0; high < f->len; high += 2 * bit)
                for (int i = high; i < high + bit; i++) up += lambda[i + bit] * psi[i], down += lambda[i] * psi[i + bit];
            theta[k] += up - down;
            continue;
        }
        vec up_im = {0}, down_im = {0}, number = {0}; /* <lambda_1|psi_0>, <lambda_0|psi_1>, Im <lambda_1|psi_1> */
        for (int high = 0; high < n; high += 2 * bit)
            for (int i = high; i < high + bit; i++) {
                const vec p0 = psi[i], p0i = psi[n + i], p1 = psi[i + bit], p1i = psi[n + i + bit];
                const vec l0 = lambda[i], l0i = lambda[n + i], l1 = lambda[i + bit], l1i = lambda[n + i + bit];
                up += l1 * p0 + l1i * p0i, up_im += l1 * p0i - l1i * p0;
                down += l0 * p1 + l0i * p1i, down_im += l0 * p1i - l0i * p1;
                number += l1 * p1i - l1i * p1;
            }
        theta[k] += (e[k].cp * up - e[k].sp * up_im) - (e[k].cp * down + e[k].sp * down_im);
        phi[k] -= (REAL)2 * number;
    }
    if (!through) return;
    for (int k = f->n_in - 1; k >= 0; k--) {
        const int bit = 1 << k;
        if (f->phases)
            for (int i = 0; i < n; i++)
                if (i & bit) {
                    const vec re = lambda[i], im = lambda[n + i];
                    lambda[i] = e[k].cp * re + e[k].sp * im;
                    lambda[n + i] = e[k].cp * im - e[k].sp * re;
                }
        for (int high = 0; high < f->len; high += 2 * bit)
            for (int i = high; i < high + bit; i++) {
                const vec a = lambda[i], b = lambda[i + bit];
                lambda[i] = e[k].c * a + e[k].s * b;
                lambda[i + bit] = e[k].c * b - e[k].s * a;
            }
    }
}
