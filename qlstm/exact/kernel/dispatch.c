/* Entry points for Python: pick the best instruction set this processor has. */

#include "model.h"

#define DECLARE(target)                                            \
    int qlstm_forward_f32_##target(const Model *, const void *, int);  \
    int qlstm_forward_f64_##target(const Model *, const void *, int);  \
    int qlstm_backward_f32_##target(const Model *, const void *, int); \
    int qlstm_backward_f64_##target(const Model *, const void *, int);

DECLARE(base)

#if defined(__x86_64__)
DECLARE(avx2)
DECLARE(avx512)
#define CALL(function, ...)                                                                                         \
    (level == 2 ? function##_avx512(__VA_ARGS__) : level == 1 ? function##_avx2(__VA_ARGS__) : function##_base(__VA_ARGS__))
#else
#define CALL(function, ...) ((void)level, function##_base(__VA_ARGS__))
#endif

int qlstm_abi(void) { return KERNEL_ABI; }

/* 2 AVX-512, 1 AVX2 with FMA, 0 whatever the compiler's default is */
int qlstm_best_level(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl"))
        return 2;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 1;
#endif
    return 0;
}

int qlstm_forward(const Model *m, const void *arrays, int bits, int threads, int level) {
    return bits == 64 ? CALL(qlstm_forward_f64, m, arrays, threads) : CALL(qlstm_forward_f32, m, arrays, threads);
}

int qlstm_backward(const Model *m, const void *arrays, int bits, int threads, int level) {
    return bits == 64 ? CALL(qlstm_backward_f64, m, arrays, threads) : CALL(qlstm_backward_f32, m, arrays, threads);
}
