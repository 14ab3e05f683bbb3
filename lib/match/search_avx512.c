/* AVX-512 with VNNI: four products a lane in one instruction. */
#ifdef __x86_64__
#define NAME(f)    f##_avx512
#define LANES      16
#define AHEAD      4096
#define AT_ONCE(n) ((n) <= 2 ? 4 : (n) <= 4 ? 2 : 1)
#include "kernels/simd.h"
#include "match/search_impl.h"
#define DOT4(sum, codes, s, quad, q, n)                                                                      \
    (ints) _mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(codes),                                             \
                               _mm512_set1_epi32((s)->codes[(quad) * (size_t)(n) + (size_t)(q)]))
#define MASK(v)   _mm512_movepi32_mask((__m512i)(v))
#define WIDEN(at) _mm512_cvtps_pd(_mm256_loadu_ps(at))
#include "match/search_kernel.h"
#endif
