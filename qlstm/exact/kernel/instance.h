/* The sequence kernel for one precision and one instruction set, chosen by the including file:
 * REAL, REAL_BITS, PRECISION (f32 or f64), TARGET (base, avx2 or avx512) and VECTOR_BYTES (16 << level). */

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "team.h"

#if defined(TARGET_FEATURES) && defined(__clang__)
#define PRAGMA_(text) _Pragma(#text)
#define PRAGMA(text) PRAGMA_(text)
PRAGMA(clang attribute push(__attribute__((target(TARGET_FEATURES))), apply_to = function))
#elif defined(TARGET_FEATURES)
#define PRAGMA_(text) _Pragma(#text)
#define PRAGMA(text) PRAGMA_(text)
#pragma GCC push_options
PRAGMA(GCC target(TARGET_FEATURES))
#endif

#define JOIN_(a, b, c) qlstm_##a##_##b##_##c
#define JOIN(a, b, c) JOIN_(a, b, c)
#define NAME(function) JOIN(function, PRECISION, TARGET)

#include "vector.h"
#include "shape.h"
#include "rotations.h"
#include "encoding.h"
#include "measurement.h"
#include "circuit.h"
#include "tables.h"
#include "sequence.h"
#include "adjoint.h"
#include "reduce.h"
#include "entry.h"

#if defined(TARGET_FEATURES) && defined(__clang__)
#pragma clang attribute pop
#elif defined(TARGET_FEATURES)
#pragma GCC pop_options
#endif
