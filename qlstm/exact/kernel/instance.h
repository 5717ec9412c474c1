/* The sequence kernel for one precision and one instruction set, chosen by the including file:
 * REAL, REAL_BITS, PRECISION (f32 or f64) and TARGET (base, avx2 or avx512). */

#include <stdlib.h>

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

#include "model.h"
#include "vector.h"
#include "circuit.h"
#include "tables.h"
#include "sequence.h"

#if defined(TARGET_FEATURES) && defined(__clang__)
#pragma clang attribute pop
#elif defined(TARGET_FEATURES)
#pragma GCC pop_options
#endif
