/* One sub-VQC on one block of samples, from the encoded state to the measured one, and back. */

/* States of one evaluation, in order: per layer [after D; after RY], and before each later encoding [after the
 * closing RZ; after the encoding]; `stack_vectors` of them in all. */
INLINE long stack_vectors(const Shape *f) { return (2L * f->layers + 2L * (f->uploads - 1)) * f->len; }

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
        diagonal_forward(in, out, f->source, f->diagonals ? w->diagonal + layer * 2 * f->n : 0, f->n, f->len);
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
        diagonal_backward(state, lambda, other, f->source, f->diagonals ? w->diagonal + layer * 2 * f->n : 0, f->n, f->len,
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
