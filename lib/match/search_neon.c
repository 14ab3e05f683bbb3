/* NEON: bytes become signed, their products are added in pairs twice, first in 16 bits, which two products fit. */
#ifdef __aarch64__
#define NAME(f)    f##_neon
#define LANES      4
#define AHEAD      4096
#define AT_ONCE(n) 1
#include "kernels/simd.h"
#include "match/search_impl.h"

INLINE ints dot4(ints sum, ints codes, int32_t q)
{
    const int8x16_t from128 = veorq_s8((int8x16_t)codes, vdupq_n_s8(-128));
    const int8x16_t query = (int8x16_t)vdupq_n_s32(q);
    const int16x8_t low = vmull_s8(vget_low_s8(from128), vget_low_s8(query));
    const int16x8_t high = vmull_high_s8(from128, query);
    return (ints)vpadalq_s16((int32x4_t)sum, vpaddq_s16(low, high));
}
#define DOT4(sum, codes, s, quad, q, n) dot4(sum, codes, (s)->codes[(quad) * (size_t)(n) + (size_t)(q)])
#define OFFSET(s, query)                0

static inline unsigned mask(ints v)
{
    static const uint32_t bit[4] = {1, 2, 4, 8};
    return vaddvq_u32(vandq_u32((uint32x4_t)v, vld1q_u32(bit)));
}
#define MASK(v)   mask(v)
#define WIDEN(at) vcvt_f64_f32(vld1_f32(at))
#include "match/search_kernel.h"
#endif
