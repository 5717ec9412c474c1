/* One sub-VQC on one block of LANES samples: evolve, measure <Z>, and the adjoint of both.
 *
 * A state is 2^q vectors of real parts, followed by 2^q of imaginary parts when it is complex; bit k of an
 * index is qubit k. RY, <X>, <Z> and the RY gradients never mix the two halves, so they treat a state as one
 * real array of `len` vectors; only the RZ diagonals and the RZ encoding know about complex numbers.
 *
 * A layer is [D; RY on all]: D is the CNOT permutation fused with every RZ between two RY layers (the RZ(c) of
 * the layer before and the RZ(a) of this one, all diagonal). The last rotation is never applied to the state:
 * <Z_j> after RY(b) is cos(b) <Z_j> - sin(b) <X_j>, and RZ(c) before a <Z> does nothing. */

typedef struct { /* geometry of one part */
    int q, n, len, n_in, n_out, layers, phases; /* n = 2^q; len = n or 2n; phases: RZ in the encoding */
    int uploads, depth, rot;
    const int *source;
} Shape;

typedef struct { /* trigonometry of one gate's weights, per layer */
    REAL *cosine, *sine;   /* (layers, q): half angles of RY; whole angles in the last layer */
    REAL *diagonal;        /* (layers, 2, n): D, rot only */
    REAL *closing;         /* (uploads, 2, n): RZ(c) before the next encoding, rot only */
} Trig;

typedef struct { /* gradients of one gate's weights, summed over samples lane by lane */
    vec *ry;       /* (layers, q) */
    vec *diagonal; /* (layers, n): Im <lambda|i><i|psi> after D */
    vec *closing;  /* (uploads, n) */
} Grad;

typedef struct { vec c, s, cp, sp; } Encoded; /* cos, sin of the RY angle/2 and of the RZ angle, one input */

/* --- rotations ------------------------------------------------------------------------------------------ */

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

/* --- encoding ------------------------------------------------------------------------------------------- */

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

/* --- measurement ---------------------------------------------------------------------------------------- */

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

/* --- the whole circuit ---------------------------------------------------------------------------------- */

/* States of one evaluation, in order: per layer [after D; after RY], and before each later encoding [after the
 * closing RZ; after the encoding]; `stack_vectors` of them in all. */
INLINE int stack_vectors(const Shape *f) { return (2 * f->layers + 2 * (f->uploads - 1)) * f->len; }

/* From the encoded product state to the state whose <X>, <Z> are measured; returns it. `encoded`: (uploads, n_in). */
INLINE vec *evolve(const Shape *f, const Trig *w, const Encoded *encoded, const vec *product, vec *stack) {
    const vec *in = product;
    vec *out = stack;
    for (int layer = 0; layer < f->layers; layer++) {
        const int upload = layer / f->depth;
        if (upload > 0 && layer % f->depth == 0) {
            diagonal_forward(in, out, 0, f->rot ? w->closing + (upload - 1) * 2 * f->n : 0, f->n, f->len);
            memcpy(out + f->len, out, sizeof(vec) * f->len);
            encode_again(f, encoded + upload * f->n_in, out + f->len);
            in = out + f->len;
            out += 2 * f->len;
        }
        diagonal_forward(in, out, f->source, f->rot ? w->diagonal + layer * 2 * f->n : 0, f->n, f->len);
        if (layer == f->layers - 1) return out;
        ry_all(out, out + f->len, f->q, f->len, w->cosine + layer * f->q, w->sine + layer * f->q, 1);
        in = out + f->len;
        out += 2 * f->len;
    }
    return out;
}

/* Adjoint of `evolve`: `lambda` (2 len vectors, the costate in the first half) becomes the costate at the product
 * state, in the first half again. theta, phi: (uploads, n_in), only the later uploads are filled here. */
INLINE void evolve_backward(const Shape *f, const Trig *w, const Encoded *encoded, vec *last, vec *lambda, Grad *g, vec *theta,
                            vec *phi) {
    vec *state = last, *other = lambda + f->len, *swap;
    for (int layer = f->layers - 1; layer >= 0; layer--) {
        const int upload = layer / f->depth;
        if (layer < f->layers - 1) {
            ry_gradients(state + f->len, lambda, f->q, f->len, g->ry + layer * f->q);
            ry_all(lambda, lambda, f->q, f->len, w->cosine + layer * f->q, w->sine + layer * f->q, -1);
        }
        diagonal_backward(state, lambda, other, f->source, f->rot ? w->diagonal + layer * 2 * f->n : 0, f->n, f->len,
                          g->diagonal + layer * f->n);
        swap = lambda, lambda = other, other = swap;
        if (upload > 0 && layer % f->depth == 0) {
            state -= 2 * f->len;
            const int k = upload * f->n_in;
            encode_backward(f, encoded + k, state + f->len, lambda, theta + k, phi + k, 1);
            diagonal_backward(state, lambda, other, 0, f->rot ? w->closing + (upload - 1) * 2 * f->n : 0, f->n, f->len,
                              g->closing + (upload - 1) * f->n);
            swap = lambda, lambda = other, other = swap;
        }
        state -= 2 * f->len;
    }
    if (other < lambda) memcpy(other, lambda, sizeof(vec) * f->len);
}
