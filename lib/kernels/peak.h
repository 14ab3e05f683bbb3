/* How fast this CPU multiplies and adds, and reads, to hold a kernel's speed against: the two sides of a roofline (Williams,
 * Waterman, Patterson 2009). */
#ifndef FC_KERNELS_PEAK_H
#define FC_KERNELS_PEAK_H
#include "base/cpu.h"

typedef struct fc_peak {
    const char *numbers; /* FC_PRECISION_NAME_FP32, _BF16 or _INT8 (precision_names.h) */
    const char *isa;     /* as fc_cpu_hold names it */
    double gflops;       /* 1e9 multiplications and additions a second, of one thread */
} fc_peak;

enum { FC_PEAKS = 3 };
/* Measures what the instruction sets that are in use can do: float32, then bfloat16 and bytes where the CPU has them. It
 * takes some 50 ms for each. Returns how many there are. */
int fc_peak_measure(fc_peak out[FC_PEAKS]);

typedef struct fc_bandwidth {
    size_t
        bytes; /* that are read again and again: they lie in the cache that has room for them, or in memory */
    double gbs; /* 1e9 bytes a second, of one thread */
} fc_bandwidth;

enum { FC_BANDWIDTHS = 4 };
/* Measures how fast 256 KiB, 2 MiB, 16 MiB and 128 MiB are read, with the instruction set in use, in huge pages where the
 * system has them, as weights lie. It takes some 50 ms for each, and the memory. */
fc_status fc_bandwidth_measure(fc_bandwidth out[FC_BANDWIDTHS], fc_error *err);
/* Of those, what bytes bytes are read with at best: the largest that is not more counts, or else the first. */
const fc_bandwidth *fc_bandwidth_for(const fc_bandwidth all[FC_BANDWIDTHS], double bytes);

#endif
