/* Any CPU. */
#define NAME(f)    f##_base
#define LANES      4
#define AHEAD      4096
#define AT_ONCE(n) 1
#include "kernels/simd.h"
#include "match/search_impl.h"

INLINE ints dot4(ints sum, ints codes, int32_t q)
{
    return sum + (codes & 255) * (int8_t)q + ((codes >> 8) & 255) * (int8_t)(q >> 8) +
           ((codes >> 16) & 255) * (int8_t)(q >> 16) + ((codes >> 24) & 255) * (q >> 24);
}
#define DOT4(sum, codes, s, quad, q, n) dot4(sum, codes, (s)->codes[(quad) * (size_t)(n) + (size_t)(q)])

static inline unsigned mask(ints v)
{
    return (unsigned)(v[0] & 1) | (unsigned)(v[1] & 2) | (unsigned)(v[2] & 4) | (unsigned)(v[3] & 8);
}
#define MASK(v)   mask(v)
#define WIDEN(at) ((dvec){(double)(at)[0], (double)(at)[1]})
#include "match/search_kernel.h"
