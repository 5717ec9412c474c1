#define REAL double
#define REAL_BITS 64
#define PRECISION f64
#define TARGET avx512
#define VECTOR_BYTES 64
#if defined(__x86_64__)
#define TARGET_FEATURES "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma"
#include "instance.h"
#endif
