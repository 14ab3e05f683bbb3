/* AVX2: bytes 0 and 2 of each lane, then 1 and 3, are multiplied as 16-bit numbers and added in pairs. */
#ifdef __x86_64__
#define NAME(f)    f##_avx2
#define LANES      8
#define AHEAD      4096
#define AT_ONCE(n) ((n) == 1 ? 2 : 1)
#include "kernels/simd.h"
#include "match/search_impl.h"

INLINE ints dot4(ints sum, ints codes, const int32_t *q)
{
    const __m256i even = _mm256_and_si256((__m256i)codes, _mm256_set1_epi16(0xff));
    const __m256i odd = _mm256_srli_epi16((__m256i)codes, 8);
    const __m256i a = _mm256_madd_epi16(even, _mm256_set1_epi32(q[0]));
    const __m256i b = _mm256_madd_epi16(odd, _mm256_set1_epi32(q[1]));
    return sum + ((ints)a + (ints)b);
}
#define DOT4(sum, codes, s, quad, q, n)                                                                      \
    dot4(sum, codes, (s)->pairs + 2 * ((quad) * (size_t)(n) + (size_t)(q)))
#define MASK(v)   _mm256_movemask_ps((__m256)(v))
#define WIDEN(at) _mm256_cvtps_pd(_mm_loadu_ps(at))
#include "match/search_kernel.h"
#endif
