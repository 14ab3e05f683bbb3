/*
 * Which instructions our kernels may use: the one place where the CPU is asked.
 *
 * A kernel for a level is a file of its own, which CMake compiles for that level (fc_kernels in lib/CMakeLists.txt);
 * whatever is in it is called only where fc_cpu_has says so.
 */
#ifndef FC_BASE_CPU_H
#define FC_BASE_CPU_H
#include "facecheck.h"

/* Each has all of its architecture that is before it, but for AVX2_VNNI, which AVX512 and AVX512_VNNI do not imply. */
typedef enum fc_isa {
    FC_ISA_SSE41,       /* what oneDNN needs of x86; our own kernels of this level run on any CPU */
    FC_ISA_AVX2,        /* and FMA */
    FC_ISA_AVX2_VNNI,   /* sums of products of bytes, in vectors of AVX2 */
    FC_ISA_AVX512,      /* F, VL, DQ and BW */
    FC_ISA_AVX512_VNNI, /* sums of products of bytes */
    FC_ISA_AVX512_BF16, /* bfloat16 */
    FC_ISA_AMX,         /* matrix tiles of bfloat16, and the system lets this process use them */
    FC_ISA_NEON,        /* what every arm64 has */
    FC_ISA_NEON_DOT     /* sums of products of bytes */
} fc_isa;

/* What kernels for any CPU of the architecture count as. */
#ifdef __aarch64__
#define FC_ISA_BASE FC_ISA_NEON
#else
#define FC_ISA_BASE FC_ISA_SSE41
#endif

/* This CPU has the level's instructions, and fc_cpu_hold leaves them. */
bool fc_cpu_has(fc_isa level);
/* The highest level that fc_cpu_hold leaves, whatever the CPU is. */
fc_isa fc_cpu_held(void);
/* Its name, as fc_cpu_hold takes it. */
const char *fc_isa_name(fc_isa level);
/* Finds the level that a kernel's name names behind its colon, as oneDNN does: "jit:avx2". */
bool fc_isa_of_kernel(const char *name, fc_isa *level);
/* The set that kernels compute with, which decides the last bits of their results: "AVX2"; the name that fc_cpu_hold was
 * given where that holds them. */
const char *fc_cpu_instructions(void);

#endif
