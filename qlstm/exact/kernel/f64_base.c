#define REAL double
#define REAL_BITS 64
#define PRECISION f64
#define TARGET base
#define VECTOR_BYTES 16
#include "instance.h"
