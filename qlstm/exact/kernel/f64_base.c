#define REAL double
#define REAL_BITS 64
#define PRECISION f64
#define TARGET base
#include "instance.h"
