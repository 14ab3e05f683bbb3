/*
 * Coarse R-Net on crops, by sums of products of bytes. Included once for each instruction set, with
 *   NAME(f)       the name for that set
 *   LANES         numbers in a vector
 *   ADD_PRODUCTS  (sum, a, weights): sum += products of four bytes of a and four of the weights, in each lane
 *   LEAST         what a's bytes are, at least: 0, or -128 where they are signed
 *   RUN1          pixels of the first convolution whose sums are in registers, those of all channels
 *   VECS2, VECS3  vectors of channels of the second and the third convolution, those of a row and of all pixels
 *   VECS4         vectors of outputs of the dense layer, those of CROPS crops
 */
#include <float.h>

#include "detect/mtcnn_rnet_coarse_impl.h"
#include "kernels/simd.h"

enum { CROPS = 4, N1 = C1 / LANES, N2 = C2 / LANES };

#define UNROLL _Pragma("GCC unroll 16")
#define LOOP   _Pragma("GCC unroll 1")

#if LANES == 16
#define MIN_FLOAT(a, b) (vec) _mm512_min_ps((__m512)(a), (__m512)(b))
#define MIN_INT(a, b)   (ints) _mm512_min_epi32((__m512i)(a), (__m512i)(b))
#define MAX_INT(a, b)   (ints) _mm512_max_epi32((__m512i)(a), (__m512i)(b))
#define ROUNDED(v)      (ints) _mm512_cvtps_epi32((__m512)(v))
#define FLOATS(v)       (vec) _mm512_cvtepi32_ps((__m512i)(v))
#elif LANES == 8
#define MIN_FLOAT(a, b) (vec) _mm256_min_ps((__m256)(a), (__m256)(b))
#define MIN_INT(a, b)   (ints) _mm256_min_epi32((__m256i)(a), (__m256i)(b))
#define MAX_INT(a, b)   (ints) _mm256_max_epi32((__m256i)(a), (__m256i)(b))
#define ROUNDED(v)      (ints) _mm256_cvtps_epi32((__m256)(v))
#define FLOATS(v)       (vec) _mm256_cvtepi32_ps((__m256i)(v))
#else
#define MIN_FLOAT(a, b) (vec) vminnmq_f32((float32x4_t)(a), (float32x4_t)(b))
#define MIN_INT(a, b)   (ints) vminq_s32((int32x4_t)(a), (int32x4_t)(b))
#define MAX_INT(a, b)   (ints) vmaxq_s32((int32x4_t)(a), (int32x4_t)(b))
#define ROUNDED(v)      (ints) vcvtnq_s32_f32((float32x4_t)(v))
#define FLOATS(v)       (vec) vcvtq_f32_s32((int32x4_t)(v))
#endif
#define AT(p)   (*(const vec *)(p))
#define INTS(p) (*(const ints *)(const void *)(p))

/* How bytes stand for a map's values: what 0 is, and a step. */
struct scale {
    float zero, step;
};

/* The least and the greatest of values. */
struct range {
    vec least, most;
};

/* A vector of channels of a layer: what turns sums into values. */
struct activation {
    vec factor, offset, slope;
};

INLINE struct activation activation_of(const float *unit, const float *total, const float *bias,
                                       const float *slope, struct scale in)
{
    return (struct activation){.factor = AT(unit) * in.step,
                               .offset = madd(AT(total), EVERY(in.zero), AT(bias)),
                               .slope = AT(slope)};
}

INLINE vec value_of(ints sum, struct activation a)
{
    const vec v = madd(FLOATS(sum), a.factor, a.offset), zero = {0};
    return madd(MIN_FLOAT(v, zero), a.slope, larger(v, zero));
}

/* The greatest of a window. A PReLU rises, or falls and then rises: its greatest value is at an end. */
INLINE vec greatest(ints least, ints most, struct activation a)
{
    return larger(value_of(least, a), value_of(most, a));
}

/* Four neighbouring bytes, for all lanes. */
INLINE ints four(const uint8_t *at)
{
    int32_t v;
    memcpy(&v, at, sizeof v);
    return EVERY_INT(v);
}

INLINE struct range range_of_none(void)
{
    return (struct range){EVERY(FLT_MAX), EVERY(-FLT_MAX)};
}

INLINE void widen(struct range *r, vec v)
{
    r->least = MIN_FLOAT(r->least, v);
    r->most = larger(r->most, v);
}

/* A vector of numbers as bytes. */
INLINE void store_bytes(uint8_t *to, ints v)
{
#if LANES == 16
    _mm_storeu_si128((__m128i *)to, _mm512_cvtusepi32_epi8((__m512i)v));
#elif LANES == 4
    const int16x4_t words = vqmovn_s32((int32x4_t)v);
    vst1_lane_u32((void *)to, vreinterpret_u32_s8(vqmovn_s16(vcombine_s16(words, words))), 0);
#else
    const __m128i words =
        _mm_packus_epi32(_mm256_castsi256_si128((__m256i)v), _mm256_extracti128_si256((__m256i)v, 1));
    _mm_storel_epi64((__m128i *)to, _mm_packus_epi16(words, words));
#endif
}

/* n values, a multiple of LANES, as bytes. */
static struct scale to_bytes(uint8_t *to, const float *from, int n, struct range r)
{
    float least = FLT_MAX, most = -FLT_MAX;
    struct scale s;
    vec times;

    for (int i = 0; i < LANES; i++) {
        least = r.least[i] < least ? r.least[i] : least;
        most = r.most[i] > most ? r.most[i] : most;
    }
    s.step = (most - least) / 255;
    s.zero = least - LEAST * s.step;
    times = EVERY(s.step > 0 ? 1 / s.step : 0);
    for (int i = 0; i < n; i += LANES)
        store_bytes(to + i, ROUNDED((AT(from + i) - least) * times) + LEAST);
    return s;
}

/* Row y of the first convolution. */
NOINLINE void first_row(const fc_rnet_int8 *net, uint8_t (*in)[4], int y, ints to[M1][N1])
{
    for (int x = 0; x < M1; x += RUN1) {
        ints sum[RUN1][N1];
        UNROLL
        for (int i = 0; i < RUN1; i++)
            UNROLL
        for (int h = 0; h < N1; h++)
            sum[i][h] = (ints){0};
        LOOP for (int k = 0; k < 9; k++)
        {
            const uint8_t *from = in[(y + k / 3) * IN + x + k % 3];
            ints w[N1];
            UNROLL
            for (int h = 0; h < N1; h++)
                w[h] = INTS(net->conv1[k][h * LANES]);
            UNROLL
            for (int i = 0; i < RUN1; i++) {
                const ints v = four(from + 4 * i);
                UNROLL
                for (int h = 0; h < N1; h++)
                    ADD_PRODUCTS(sum[i][h], v, w[h]);
            }
        }
        UNROLL
        for (int i = 0; i < RUN1; i++)
            UNROLL
        for (int h = 0; h < N1; h++)
            to[x + i][h] = sum[i][h];
    }
}

/* A row of the pooled map from three of the first convolution: [P1][C1]. */
NOINLINE void pool_first(const ints (*upper)[N1], const ints (*middle)[N1], const ints (*lower)[N1],
                         const struct activation a[N1], float *to, struct range *r)
{
    for (int h = 0; h < N1; h++) {
        ints least[M1 + 1] __attribute__((aligned(64))), most[M1 + 1] __attribute__((aligned(64)));
        for (int x = 0; x < M1; x++) {
            least[x] = MIN_INT(MIN_INT(upper[x][h], middle[x][h]), lower[x][h]);
            most[x] = MAX_INT(MAX_INT(upper[x][h], middle[x][h]), lower[x][h]);
        }
        least[M1] = least[M1 - 1]; /* the last window is half outside */
        most[M1] = most[M1 - 1];
        for (int x = 0; x < P1; x++) {
            const ints *l = least + 2 * x, *m = most + 2 * x;
            const vec v =
                greatest(MIN_INT(MIN_INT(l[0], l[1]), l[2]), MAX_INT(MAX_INT(m[0], m[1]), m[2]), a[h]);
            *(vec *)(to + x * C1 + LANES * h) = v;
            widen(r, v);
        }
    }
}

/* First convolution and pooling: map [P1 x P1][C1]. */
static struct scale first(const fc_rnet_int8 *net, uint8_t (*in)[4], uint8_t *to)
{
    const struct scale pixels = {(-127.5f - LEAST) / 128, 1.0f / 128};
    struct activation a[N1];
    struct range r = range_of_none();
    float map[P1 * P1 * C1];
    ints row[3][M1][N1] __attribute__((aligned(64)));
    int made = 0;

    for (int h = 0, at = 0; h < N1; h++, at += LANES)
        a[h] = activation_of(net->unit1 + at, net->total1 + at, net->bias1 + at, net->slope1 + at, pixels);
    for (int y = 0; y < P1; y++) {
        const int last = 2 * y + 2 < M1 ? 2 * y + 2 : M1 - 1;
        for (; made <= last; made++)
            first_row(net, in, made, row[made % 3]);
        pool_first((const ints(*)[N1])row[2 * y % 3], (const ints(*)[N1])row[(2 * y + 1) % 3],
                   (const ints(*)[N1])row[last % 3], a, map + y * P1 * C1, &r);
    }
    return to_bytes(to, map, P1 * P1 * C1, r);
}

/* Row y of the second convolution, VECS2 vectors of channels from channel h on. */
NOINLINE void second_row(const fc_rnet_int8 *net, const uint8_t *in, int y, int h, ints to[M2][N2])
{
    ints sum[M2][VECS2];

    UNROLL
    for (int i = 0; i < M2; i++)
        UNROLL
    for (int k = 0; k < VECS2; k++)
        sum[i][k] = (ints){0};
    for (int t = 0; t < 9; t++) {
        const uint8_t *from = in + ((y + t / 3) * P1 + t % 3) * C1;
        LOOP for (int p = 0; p < 7; p++, from += 4)
        {
            ints w[VECS2];
            UNROLL
            for (int k = 0; k < VECS2; k++)
                w[k] = INTS(net->conv2[t][p][h + k * LANES]);
            UNROLL
            for (int i = 0; i < M2; i++) {
                const ints v = four(from + i * C1);
                UNROLL
                for (int k = 0; k < VECS2; k++)
                    ADD_PRODUCTS(sum[i][k], v, w[k]);
            }
        }
    }
    UNROLL
    for (int i = 0; i < M2; i++)
        UNROLL
    for (int k = 0; k < VECS2; k++)
        to[i][h / LANES + k] = sum[i][k];
}

/* Second convolution and pooling: map [P2 x P2][C2]. */
static struct scale second(const fc_rnet_int8 *net, const uint8_t *in, struct scale scale, uint8_t *to)
{
    struct range r = range_of_none();
    float map[P2 * P2 * C2];
    ints all[M2][M2][N2] __attribute__((aligned(64)));

    for (int y = 0; y < M2; y++)
        for (int h = 0; h < C2; h += VECS2 * LANES)
            second_row(net, in, y, h, all[y]);
    for (int h = 0, at = 0; h < N2; h++, at += LANES) {
        const struct activation a =
            activation_of(net->unit2 + at, net->total2 + at, net->bias2 + at, net->slope2 + at, scale);
        for (int p = 0; p < P2 * P2; p++) {
            const int y = p / P2 * 2, x = p % P2 * 2;
            ints least = all[y][x][h], most = least;
            UNROLL
            for (int k = 1; k < 9; k++) {
                const ints v = all[y + k / 3][x + k % 3][h];
                least = MIN_INT(least, v);
                most = MAX_INT(most, v);
            }
            const vec v = greatest(least, most, a);
            *(vec *)(map + p * C2 + at) = v;
            widen(&r, v);
        }
    }
    return to_bytes(to, map, P2 * P2 * C2, r);
}

/* VECS3 vectors of channels of the third convolution, from channel h on, as the dense layer wants it: x, y, channel. */
NOINLINE void third_part(const fc_rnet_int8 *net, const uint8_t *in, struct scale scale, int h, float *map,
                         struct range *r)
{
    ints sum[M3 * M3][VECS3];

    UNROLL
    for (int i = 0; i < M3 * M3; i++)
        UNROLL
    for (int k = 0; k < VECS3; k++)
        sum[i][k] = (ints){0};
    for (int t = 0; t < 4; t++) {
        const uint8_t *from = in + (t / 2 * P2 + t % 2) * C2;
        LOOP for (int p = 0; p < C2 / 4; p++, from += 4)
        {
            ints w[VECS3];
            UNROLL
            for (int k = 0; k < VECS3; k++)
                w[k] = INTS(net->conv3[t][p][h + k * LANES]);
            UNROLL
            for (int i = 0; i < M3 * M3; i++) {
                const ints v = four(from + (i % M3 * P2 + i / M3) * C2);
                UNROLL
                for (int k = 0; k < VECS3; k++)
                    ADD_PRODUCTS(sum[i][k], v, w[k]);
            }
        }
    }
    UNROLL
    for (int k = 0; k < VECS3; k++) {
        const int at = h + k * LANES;
        const struct activation a =
            activation_of(net->unit3 + at, net->total3 + at, net->bias3 + at, net->slope3 + at, scale);
        UNROLL
        for (int i = 0; i < M3 * M3; i++) {
            const vec v = value_of(sum[i][k], a);
            *(vec *)(map + i * C3 + at) = v;
            widen(r, v);
        }
    }
}

static struct scale third(const fc_rnet_int8 *net, const uint8_t *in, struct scale scale, uint8_t *to)
{
    struct range r = range_of_none();
    float map[FLAT];

    for (int h = 0; h < C3; h += VECS3 * LANES)
        third_part(net, in, scale, h, map, &r);
    return to_bytes(to, map, FLAT, r);
}

/* The dense layers of CROPS crops at once. */
static void dense(const fc_rnet_int8 *net, uint8_t (*in)[FLAT], const struct scale *scale, float *ahead)
{
    vec all[CROPS];

    UNROLL
    for (int i = 0; i < CROPS; i++)
        all[i] = (vec){0};
    for (int o = 0; o < DENSE; o += VECS4 * LANES) {
        ints sum[CROPS][VECS4];
        UNROLL
        for (int i = 0; i < CROPS; i++)
            UNROLL
        for (int h = 0; h < VECS4; h++)
            sum[i][h] = (ints){0};
        LOOP for (int p = 0; p < FLAT / 4; p++)
        {
            ints w[VECS4];
            UNROLL
            for (int h = 0; h < VECS4; h++)
                w[h] = INTS(net->dense[p][o + LANES * h]);
            UNROLL
            for (int i = 0; i < CROPS; i++) {
                const ints v = four(in[i] + 4 * p);
                UNROLL
                for (int h = 0; h < VECS4; h++)
                    ADD_PRODUCTS(sum[i][h], v, w[h]);
            }
        }
        UNROLL
        for (int i = 0; i < CROPS; i++)
            UNROLL
        for (int h = 0; h < VECS4; h++) {
            const int at = o + LANES * h;
            const struct activation a =
                activation_of(net->unit4 + at, net->total4 + at, net->bias4 + at, net->slope4 + at, scale[i]);
            all[i] = madd(value_of(sum[i][h], a), AT(net->head + at), all[i]);
        }
    }
    for (int i = 0; i < CROPS; i++) {
        ahead[i] = net->bias5;
        for (int k = 0; k < LANES; k++)
            ahead[i] += all[i][k];
    }
}

/* A vector of numbers of a plane as bytes, in 32 bits each. */
INLINE ints bytes_of(const float *plane)
{
    const ints whole = ROUNDED(madd(AT(plane), EVERY(128.0f), EVERY(127.5f)));
    return (MIN_INT(MAX_INT(whole, ((ints){0})), EVERY_INT(255)) + LEAST) & 255;
}

/* A crop's pixels as they were: bytes, the fourth one zero. */
static void to_pixels(const float *crop, uint8_t (*to)[4])
{
    for (int i = 0; i < IN * IN; i += LANES)
        *(ints *)(void *)to[i] =
            bytes_of(crop + i) | bytes_of(crop + IN * IN + i) << 8 | bytes_of(crop + 2 * IN * IN + i) << 16;
}

/* A crop up to the dense layers. */
static struct scale convolutions(const fc_rnet_int8 *net, const float *crop, uint8_t *to)
{
    uint8_t in[IN * IN][4], p1[P1 * P1 * C1], p2[P2 * P2 * C2];
    struct scale s;

    to_pixels(crop, in);
    s = first(net, in, p1);
    s = second(net, p1, s, p2);
    return third(net, p2, s, to);
}

static void run(const fc_rnet_coarse *s, const float (*crop)[FC_RNET_COARSE_CROP], int n, float *ahead)
{
    const fc_rnet_int8 *net = &s->net.int8;

    for (int i = 0; i < n; i += CROPS) {
        const int some = n - i < CROPS ? n - i : CROPS;
        uint8_t flat[CROPS][FLAT] = {0};
        struct scale scale[CROPS] = {0};
        float all[CROPS];
        for (int k = 0; k < some; k++)
            scale[k] = convolutions(net, crop[i + k], flat[k]);
        dense(net, flat, scale, all);
        memcpy(ahead + i, all, (size_t)some * sizeof *ahead);
    }
}

const fc_rnet_coarse_kernel NAME(fc_rnet_coarse) = {.isa = ISA, .run = run};
