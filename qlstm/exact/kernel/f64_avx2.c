#define REAL double
#define REAL_BITS 64
#define PRECISION f64
#define TARGET avx2
#define VECTOR_BYTES 32
#if defined(__x86_64__)
#define TARGET_FEATURES "avx2,fma"
#include "instance.h"
#endif
