/* SIMD vectors (GCC/Clang vector extensions) and the elementary functions on them.
 *
 * The includer defines REAL (float or double) and VECTOR_BYTES, the width of one register: compilers keep wider vectors
 * in memory. One vector holds LANES samples of the batch.
 * The functions are good to a few units in the last place: the tests compare every result with plain torch. */

#define LANES ((int)(VECTOR_BYTES / sizeof(REAL)))

typedef REAL vec __attribute__((vector_size(VECTOR_BYTES)));
#if REAL_BITS == 64
typedef int64_t ivec __attribute__((vector_size(VECTOR_BYTES)));
#define ROUND_MAGIC 6755399441055744.0 /* 1.5 * 2^52: adding it rounds to an integer held in the low bits */
#define MANTISSA 52
#define EXP_LIMIT 708.0
#define ARCTAN_LIMIT 1e75 /* beyond it v^4 overflows; arctan v is pi/2 to the last digit long before */
#else
typedef int32_t ivec __attribute__((vector_size(VECTOR_BYTES)));
#define ROUND_MAGIC 12582912.0f /* 1.5 * 2^23 */
#define MANTISSA 23
#define EXP_LIMIT 87.0f
#define ARCTAN_LIMIT 1e9f
#endif

#define INLINE static inline __attribute__((always_inline))

INLINE vec splat(REAL a) { return a - (vec){0}; }
INLINE vec as_vec(ivec a) { return (vec)a; }
INLINE vec choose(ivec mask, vec yes, vec no) { return (vec)((mask & (ivec)yes) | (~mask & (ivec)no)); }

INLINE vec vsqrt(vec a) {
    for (int l = 0; l < LANES; l++) a[l] = (REAL)(sizeof(REAL) == 8 ? sqrt((double)a[l]) : sqrtf((float)a[l]));
    return a;
}

INLINE vec clamp(vec x, REAL limit) {
    const vec most = splat(limit);
    return choose(x > most, most, choose(x < -most, -most, x));
}

/* e^x: x = n ln 2 + r, Taylor series of e^r on |r| <= ln(2)/2, then 2^n through the exponent bits. */
INLINE vec vexp(vec x) {
    x = clamp(x, EXP_LIMIT);
    const vec shifted = x * (REAL)1.44269504088896340736 + (REAL)ROUND_MAGIC;
    const vec n = shifted - (REAL)ROUND_MAGIC;
#if REAL_BITS == 64
    const vec r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
    vec p = splat(1.0 / 6227020800.0);
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
#else
    const vec r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    vec p = splat(1.0f / 40320.0f);
#endif
    p = p * r + (REAL)(1.0 / 5040.0);
    p = p * r + (REAL)(1.0 / 720.0);
    p = p * r + (REAL)(1.0 / 120.0);
    p = p * r + (REAL)(1.0 / 24.0);
    p = p * r + (REAL)(1.0 / 6.0);
    p = p * r + (REAL)0.5;
    p = p * r + (REAL)1.0;
    p = p * r + (REAL)1.0;
    return as_vec((ivec)p + ((ivec)shifted << MANTISSA));
}

INLINE vec vsigmoid(vec x) { return (REAL)1 / ((REAL)1 + vexp(-x)); }

INLINE vec vtanh(vec x) { return (REAL)2 / ((REAL)1 + vexp((REAL)-2 * x)) - (REAL)1; }

/* sin and cos: x = n pi/2 + r, Taylor series on |r| <= pi/4, quadrant from the low bits of n. */
INLINE void vsincos(vec x, vec *sine, vec *cosine) {
    REAL largest = 0;
    for (int l = 0; l < LANES; l++) largest = x[l] > largest ? x[l] : (-x[l] > largest ? -x[l] : largest);
    if (largest > (REAL)8192 || largest != largest) { /* rare: the three-part reduction below is not enough */
        for (int l = 0; l < LANES; l++) {
            (*sine)[l] = (REAL)sin((double)x[l]);
            (*cosine)[l] = (REAL)cos((double)x[l]);
        }
        return;
    }
    const vec shifted = x * (REAL)0.63661977236758134308 + (REAL)ROUND_MAGIC;
    const vec n = shifted - (REAL)ROUND_MAGIC;
#if REAL_BITS == 64
    const vec r = ((x - n * 1.57079632673412561417e+00) - n * 6.07710050630396597660e-11) - n * 2.02226624879595063154e-21;
    const vec t = r * r;
    vec s = splat(-1.0 / 1307674368000.0), c = splat(1.0 / 20922789888000.0);
    s = s * t + 1.0 / 6227020800.0;
    c = c * t - 1.0 / 87178291200.0;
    s = s * t - 1.0 / 39916800.0;
    c = c * t + 1.0 / 479001600.0;
    s = s * t + 1.0 / 362880.0;
    c = c * t - 1.0 / 3628800.0;
#else
    const vec r = ((x - n * 1.5703125f) - n * 4.837512969970703125e-4f) - n * 7.549789948768648e-8f;
    const vec t = r * r;
    vec s = splat(1.0f / 362880.0f), c = splat(-1.0f / 3628800.0f);
#endif
    s = s * t - (REAL)(1.0 / 5040.0);
    c = c * t + (REAL)(1.0 / 40320.0);
    s = s * t + (REAL)(1.0 / 120.0);
    c = c * t - (REAL)(1.0 / 720.0);
    s = s * t - (REAL)(1.0 / 6.0);
    c = c * t + (REAL)(1.0 / 24.0);
    s = s * t * r + r;
    c = c * t - (REAL)0.5;
    c = c * t + (REAL)1.0;
    const ivec quadrant = (ivec)shifted;
    const ivec odd = -(quadrant & 1);
    const ivec sign_s = (quadrant & 2) << (REAL_BITS - 2), sign_c = ((quadrant + 1) & 2) << (REAL_BITS - 2);
    *sine = as_vec((ivec)choose(odd, c, s) ^ sign_s);
    *cosine = as_vec((ivec)choose(odd, s, c) ^ sign_c);
}
