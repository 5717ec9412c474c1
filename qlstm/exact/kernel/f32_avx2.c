#define REAL float
#define REAL_BITS 32
#define PRECISION f32
#define TARGET avx2
#define VECTOR_BYTES 32
#if defined(__x86_64__)
#define TARGET_FEATURES "avx2,fma"
#include "instance.h"
#endif
