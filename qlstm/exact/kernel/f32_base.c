#define REAL float
#define REAL_BITS 32
#define PRECISION f32
#define TARGET base
#define VECTOR_BYTES 16
#include "instance.h"
