/* Four vectors turned: in each 128 bits four lanes change places with four vectors. Wants simd.h. */
#if LANES == 4
#define EACH(F) F(0), F(1), F(2), F(3)
#elif LANES == 8
#define EACH(F) F(0), F(1), F(2), F(3), F(4), F(5), F(6), F(7)
#else
#define EACH(F)                                                                                              \
    F(0), F(1), F(2), F(3), F(4), F(5), F(6), F(7), F(8), F(9), F(10), F(11), F(12), F(13), F(14), F(15)
#endif
/* In each four lanes: the first two of a and b by turns, the last two; the first halves of a and b, the last ones. */
#define ZIP(i)         (i) / 4 * 4 + (i) % 4 / 2 + (i) % 2 * LANES
#define ZIP_LAST(i)    ZIP(i) + 2
#define HALVES(i)      (i) / 4 * 4 + (i) % 2 + (i) % 4 / 2 * LANES
#define HALVES_LAST(i) HALVES(i) + 2

INLINE void turn_fours(vec *v)
{
    const vec a = __builtin_shufflevector(v[0], v[1], EACH(ZIP));
    const vec b = __builtin_shufflevector(v[0], v[1], EACH(ZIP_LAST));
    const vec c = __builtin_shufflevector(v[2], v[3], EACH(ZIP));
    const vec d = __builtin_shufflevector(v[2], v[3], EACH(ZIP_LAST));

    v[0] = __builtin_shufflevector(a, c, EACH(HALVES));
    v[1] = __builtin_shufflevector(a, c, EACH(HALVES_LAST));
    v[2] = __builtin_shufflevector(b, d, EACH(HALVES));
    v[3] = __builtin_shufflevector(b, d, EACH(HALVES_LAST));
}
#undef EACH
#undef ZIP
#undef ZIP_LAST
#undef HALVES
#undef HALVES_LAST

/* Four floats each from every fourth of LANES places, step floats apart. */
INLINE vec load_fours(const float *from, int step)
{
#if LANES == 4
    (void)step;
    return *(const vec *)from;
#elif LANES == 8
    return (vec)_mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from)),
                                     _mm_loadu_ps(from + 4 * step), 1);
#else
    __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(from));
    v = _mm512_insertf32x4(v, _mm_loadu_ps(from + 4 * step), 1);
    v = _mm512_insertf32x4(v, _mm_loadu_ps(from + 8 * step), 2);
    return (vec)_mm512_insertf32x4(v, _mm_loadu_ps(from + 12 * step), 3);
#endif
}
