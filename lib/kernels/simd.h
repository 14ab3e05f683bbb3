/*
 * What kernels share. Vectors come where a file defines LANES, the floats of one, before it includes this: each file for an
 * instruction set does (fc_kernels in lib/CMakeLists.txt). Arithmetic on them is the compiler's, lane by lane.
 */
#ifndef FC_KERNELS_SIMD_H
#define FC_KERNELS_SIMD_H
#include <stdint.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#elif defined __aarch64__
#include <arm_neon.h>
#endif

#define INLINE   static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))

/* The value is there, and nothing is known of it. Without it GCC reads an operand from memory again for every sum that it
 * goes into, and loads become the limit. */
#ifdef __x86_64__
#define IN_REGISTER(v) __asm__("" : "+v"(v))
#else
#define IN_REGISTER(v) __asm__("" : "+w"(v))
#endif

typedef uint16_t bf16;

/* To nearest, ties to even; v is no NaN. */
static inline bf16 to_bf16(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return (bf16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline float from_bf16(bf16 v)
{
    const uint32_t bits = (uint32_t)v << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

#ifdef LANES
/* They may lie at any address of a float, in any array. */
typedef float vec __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef int32_t ints
    __attribute__((vector_size(LANES * 4), aligned(4), may_alias)); /* of a comparison: 0 or -1 */

/* v in every lane. (0 + v would be an addition: it makes 0 of -0.) */
#define EVERY(v)     ((v) - (vec){0})
#define EVERY_INT(v) ((v) + (ints){0})

/* a * b + c, and c - a * b, rounded once where the instruction set has that. A compiler that may fuse the two as it likes does so in
 * one block of a result and not in another one, and the same sum gets other bits in each. */
#if LANES == 16 && defined __AVX512F__
INLINE vec madd(vec a, vec b, vec c)
{
    return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}

INLINE vec nmadd(vec a, vec b, vec c)
{
    return (vec)_mm512_fnmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
#elif LANES == 8 && defined __FMA__
INLINE vec madd(vec a, vec b, vec c)
{
    return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}

INLINE vec nmadd(vec a, vec b, vec c)
{
    return (vec)_mm256_fnmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
#elif LANES == 4 && defined __aarch64__
INLINE vec madd(vec a, vec b, vec c)
{
    return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}

INLINE vec nmadd(vec a, vec b, vec c)
{
    return (vec)vfmsq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
#elif LANES == 4
INLINE vec madd(vec a, vec b, vec c)
{
    return a * b + c;
}

INLINE vec nmadd(vec a, vec b, vec c)
{
    return c - a * b;
}
#endif

/* a where it is larger, else b; and where it is smaller. One instruction, which GCC 12 does not make of a comparison of vectors. Not for
 * vectors that the CPU has no registers for. */
#if LANES == 16 && defined __AVX512F__
INLINE vec larger(vec a, vec b)
{
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
}

INLINE vec smaller(vec a, vec b)
{
    return (vec)_mm512_min_ps((__m512)a, (__m512)b);
}
#elif LANES == 8 && defined __AVX__
INLINE vec larger(vec a, vec b)
{
    return (vec)_mm256_max_ps((__m256)a, (__m256)b);
}

INLINE vec smaller(vec a, vec b)
{
    return (vec)_mm256_min_ps((__m256)a, (__m256)b);
}
#elif LANES == 4 && defined __SSE__
INLINE vec larger(vec a, vec b)
{
    return (vec)_mm_max_ps((__m128)a, (__m128)b);
}

INLINE vec smaller(vec a, vec b)
{
    return (vec)_mm_min_ps((__m128)a, (__m128)b);
}
#elif LANES == 4 && defined __aarch64__
INLINE vec larger(vec a, vec b)
{
    return (vec)vmaxnmq_f32((float32x4_t)a, (float32x4_t)b);
}

INLINE vec smaller(vec a, vec b)
{
    return (vec)vminnmq_f32((float32x4_t)a, (float32x4_t)b);
}
#elif LANES == 4
INLINE vec larger(vec a, vec b)
{
    const ints more = a > b;
    return (vec)((more & (ints)a) | (~more & (ints)b));
}

INLINE vec smaller(vec a, vec b)
{
    const ints less = a < b;
    return (vec)((less & (ints)a) | (~less & (ints)b));
}
#endif
#endif

#ifdef __AVX512F__
/* PReLU of 16 numbers. */
static inline __m512 prelu16(__m512 v, __m512 slope)
{
    const __m512 zero = _mm512_setzero_ps();
    return _mm512_fmadd_ps(_mm512_min_ps(v, zero), slope, _mm512_max_ps(v, zero));
}
#endif

#endif
