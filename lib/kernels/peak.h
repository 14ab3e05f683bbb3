/* How fast this CPU multiplies and adds, to hold a kernel's speed against. */
#ifndef FC_KERNELS_PEAK_H
#define FC_KERNELS_PEAK_H
#include "base/cpu.h"

typedef struct fc_peak {
    const char *numbers; /* "fp32", "bf16" */
    const char *isa;     /* as fc_cpu_hold names it */
    double gflops;       /* 1e9 multiplications and additions a second, of one thread */
} fc_peak;

enum { FC_PEAKS = 2 };
/* Measures what the instruction sets that are in use can do: float32, then bfloat16 where the CPU has it. It takes some
 * 50 ms for each. Returns how many there are. */
int fc_peak_measure(fc_peak out[FC_PEAKS]);

#endif
