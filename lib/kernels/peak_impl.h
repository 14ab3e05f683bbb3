/* Loops that do nothing but multiply and add, with more sums at a time than an operation takes cycles. */
#ifndef FC_KERNELS_PEAK_IMPL_H
#define FC_KERNELS_PEAK_IMPL_H
#include <stddef.h>

/* rounds times all sums; returns the operations of a round, and keeps what comes out in *sink. */
typedef double fc_peak_loop(size_t rounds, float *sink);

fc_peak_loop fc_peak_base, fc_peak_avx2, fc_peak_avx2_vnni, fc_peak_avx512, fc_peak_avx512_bf16,
    fc_peak_avx512_vnni, fc_peak_amx, fc_peak_neon, fc_peak_neon_dot;

/* Reads n floats, a multiple of FC_PEAK_READ, once; returns their sum. */
#define FC_PEAK_READ 256
typedef float fc_peak_reading(const float *p, size_t n);

fc_peak_reading fc_peak_read_base, fc_peak_read_avx2, fc_peak_read_avx512, fc_peak_read_neon;

#endif
