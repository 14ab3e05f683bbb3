/* NEON: 16 sums in 32 registers. */
#ifdef __aarch64__
#define NAME(f) f##_neon
#define LANES   4
#define SUMS    16
#include "kernels/peak_kernel.h"
#endif
