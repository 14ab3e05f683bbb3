#include "base/cpu.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

#ifdef __aarch64__
#include <sys/auxv.h>
#endif
#ifdef __x86_64__
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

/* oneDNN's names; a set that we have no kernels for counts as the level below. From the lowest on. */
static const struct {
    const char *name;
    fc_isa level;
} names[] = {
#ifdef __aarch64__
    {"NEON", FC_ISA_NEON},
    {"NEON_DOT", FC_ISA_NEON_DOT},
    {"ALL", FC_ISA_NEON_DOT},
#else
    {"SSE41", FC_ISA_SSE41},
    {"AVX", FC_ISA_SSE41},
    {"AVX2", FC_ISA_AVX2},
    {"AVX512_MIC", FC_ISA_AVX2},
    {"AVX512_MIC_4OPS", FC_ISA_AVX2},
    {"AVX2_VNNI", FC_ISA_AVX2_VNNI},
    {"AVX512_CORE", FC_ISA_AVX512},
    {"AVX512_CORE_VNNI", FC_ISA_AVX512_VNNI},
    {"AVX512_CORE_BF16", FC_ISA_AVX512_BF16},
    {"AVX512_CORE_AMX", FC_ISA_AMX},
    {"ALL", FC_ISA_AMX},
#endif
};
enum { NAMES = sizeof names / sizeof *names };

#ifdef __aarch64__
#define HIGHEST FC_ISA_NEON_DOT
#define WANTED  "NEON, NEON_DOT or ALL"
#else
#define HIGHEST FC_ISA_AMX
#define WANTED                                                                                               \
    "SSE41, AVX2, AVX2_VNNI, AVX512_CORE, AVX512_CORE_VNNI, AVX512_CORE_BF16, AVX512_CORE_AMX or ALL"
#endif

static _Atomic fc_isa held = HIGHEST;
static const char *_Atomic held_by; /* the name given, as in names; NULL: none */

fc_status fc_cpu_hold(const char *name, fc_error *err)
{
    for (size_t i = 0; i < NAMES; i++)
        if (!strcasecmp(name, names[i].name)) {
            held = names[i].level;
            held_by = strcmp(names[i].name, "ALL") ? names[i].name : NULL;
            return FC_OK;
        }
    return fc_fail(err, FC_EUSAGE, "no instruction set '%s'; want " WANTED, name);
}

const char *fc_isa_name(fc_isa level)
{
    size_t i = 0;

    while (names[i].level != level) /* each level has a name, the first of them its own */
        i++;
    return names[i].name;
}

bool fc_isa_of_kernel(const char *name, fc_isa *level)
{
    const char *colon = strrchr(name, ':');

    for (size_t i = 0; colon && i < NAMES; i++)
        if (!strcasecmp(colon + 1, names[i].name)) {
            *level = names[i].level;
            return true;
        }
    return false;
}

fc_isa fc_cpu_held(void)
{
    return held;
}

#ifdef __x86_64__
/* The CPU has them, and the kernel gives them to this process, which it is asked for. */
static bool ask_for_tiles(void)
{
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    unsigned a, b, c, d;

    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1) && (d >> 24 & 1) && /* AMX_BF16, _TILE */
           !syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA);
}

static bool has_tiles(void)
{
    enum { UNKNOWN, NO, YES };
    static atomic_int tiles; /* the question is slow in virtual machines */

    if (tiles == UNKNOWN)
        tiles = ask_for_tiles() ? YES : NO;
    return tiles == YES;
}

/* GCC 12 has no name for it. The system saves vectors of AVX2, or there is no AVX2. */
static bool has_avx_vnni(void)
{
    unsigned a, b, c, d;

    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

static bool has(fc_isa level)
{
    __builtin_cpu_init();
    switch (level) {
    case FC_ISA_SSE41:
        return __builtin_cpu_supports("sse4.1");
    case FC_ISA_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case FC_ISA_AVX2_VNNI:
        return has_avx_vnni();
    case FC_ISA_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    case FC_ISA_AVX512_VNNI:
        return __builtin_cpu_supports("avx512vnni");
    case FC_ISA_AVX512_BF16:
        return __builtin_cpu_supports("avx512bf16");
    case FC_ISA_AMX:
        return has_tiles();
    default:
        break;
    }
    return false;
}
#elif defined __aarch64__
static bool has(fc_isa level)
{
    return level == FC_ISA_NEON || (level == FC_ISA_NEON_DOT && getauxval(AT_HWCAP) & HWCAP_ASIMDDP);
}
#else
static bool has(fc_isa level)
{
    (void)level;
    return false;
}
#endif

bool fc_cpu_has(fc_isa level)
{
    if (level > held || (level == FC_ISA_AVX2_VNNI && held == FC_ISA_AVX512))
        return false;
    for (size_t i = 0; i < NAMES && names[i].level < level; i++)
        if (names[i].level != FC_ISA_AVX2_VNNI && !has(names[i].level))
            return false;
    return has(level);
}

const char *fc_cpu_instructions(void)
{
    size_t i = NAMES - 1;

    while (i > 0 && !fc_cpu_has(names[i].level))
        i--;
    return held_by && held == names[i].level ? held_by : fc_isa_name(names[i].level);
}
