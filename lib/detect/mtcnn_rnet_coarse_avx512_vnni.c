/* Coarse R-Net on crops, by sums of products of bytes. */
#include <float.h>

#include "detect/mtcnn_rnet_coarse_impl.h"

#ifdef __x86_64__
enum {
    RUN1 = M1 / 2, /* pixels whose sums are in registers: of the first convolution */
    CROPS = 4      /* and crops of the dense layer */
};

#define UNROLL _Pragma("GCC unroll 16")
#define LOOP   _Pragma("GCC unroll 1")

/* How bytes stand for a map's values. */
struct scale {
    float least, step;
};

/* The least and the greatest of values. */
struct range {
    __m512 least, most;
};

/* 16 channels of a layer: what turns sums into values. */
struct activation {
    __m512 factor, offset, slope;
};

INLINE struct activation activation_of(const float *unit, const float *total, const float *bias,
                                       const float *slope, struct scale in)
{
    return (struct activation){
        .factor = _mm512_mul_ps(_mm512_loadu_ps(unit), _mm512_set1_ps(in.step)),
        .offset = _mm512_fmadd_ps(_mm512_loadu_ps(total), _mm512_set1_ps(in.least), _mm512_loadu_ps(bias)),
        .slope = _mm512_loadu_ps(slope)};
}

INLINE __m512 value_of(__m512i sum, struct activation a)
{
    return prelu16(_mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), a.factor, a.offset), a.slope);
}

/* The greatest of a window. A PReLU rises, or falls and then rises: its greatest value is at an end. */
INLINE __m512 greatest(__m512i least, __m512i most, struct activation a)
{
    return _mm512_max_ps(value_of(least, a), value_of(most, a));
}

/* sum += products of a's bytes and the weights'. (GCC 12 copies sums, and puts them into memory, around the intrinsic.) */
#define ADD_PRODUCTS(sum, a, weights)                                                                        \
    __asm__ volatile("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(weights))

/* Four neighbouring bytes, for all lanes. */
INLINE __m512i four(const uint8_t *at)
{
    int32_t v;
    memcpy(&v, at, sizeof v);
    return _mm512_set1_epi32(v);
}

INLINE struct range range_of_none(void)
{
    return (struct range){_mm512_set1_ps(FLT_MAX), _mm512_set1_ps(-FLT_MAX)};
}

INLINE void widen(struct range *r, __m512 v)
{
    r->least = _mm512_min_ps(r->least, v);
    r->most = _mm512_max_ps(r->most, v);
}

/* n values, a multiple of 16, as bytes. */
static struct scale to_bytes(uint8_t *to, const float *from, int n, struct range r)
{
    const float least = _mm512_reduce_min_ps(r.least), most = _mm512_reduce_max_ps(r.most);
    const struct scale s = {least, (most - least) / 255};
    const __m512 low = _mm512_set1_ps(least), times = _mm512_set1_ps(s.step > 0 ? 1 / s.step : 0);

    for (int i = 0; i < n; i += 16) {
        const __m512 v = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(from + i), low), times);
        _mm_storeu_si128((__m128i *)(to + i), _mm512_cvtusepi32_epi8(_mm512_cvtps_epi32(v)));
    }
    return s;
}

/* Row y of the first convolution. */
NOINLINE void first_row(const fc_rnet_int8 *net, uint8_t (*in)[4], int y, __m512i to[M1][2])
{
    for (int x = 0; x < M1; x += RUN1) {
        __m512i sum[RUN1][2];
        UNROLL
        for (int i = 0; i < RUN1; i++)
            sum[i][0] = sum[i][1] = _mm512_setzero_si512();
        LOOP for (int k = 0; k < 9; k++)
        {
            const uint8_t *from = in[(y + k / 3) * IN + x + k % 3];
            const __m512i w0 = _mm512_loadu_si512(net->conv1[k]);
            const __m512i w1 = _mm512_loadu_si512(net->conv1[k][16]);
            UNROLL
            for (int i = 0; i < RUN1; i++) {
                const __m512i v = four(from + 4 * i);
                ADD_PRODUCTS(sum[i][0], v, w0);
                ADD_PRODUCTS(sum[i][1], v, w1);
            }
        }
        UNROLL
        for (int i = 0; i < RUN1; i++) {
            to[x + i][0] = sum[i][0];
            to[x + i][1] = sum[i][1];
        }
    }
}

/* A row of the pooled map from three of the first convolution: [P1][C1]. */
NOINLINE void pool_first(const __m512i (*upper)[2], const __m512i (*middle)[2], const __m512i (*lower)[2],
                         const struct activation a[2], float *to, struct range *r)
{
    for (int h = 0; h < 2; h++) {
        __m512i least[M1 + 1], most[M1 + 1];
        for (int x = 0; x < M1; x++) {
            least[x] = _mm512_min_epi32(_mm512_min_epi32(upper[x][h], middle[x][h]), lower[x][h]);
            most[x] = _mm512_max_epi32(_mm512_max_epi32(upper[x][h], middle[x][h]), lower[x][h]);
        }
        least[M1] = least[M1 - 1]; /* the last window is half outside */
        most[M1] = most[M1 - 1];
        for (int x = 0; x < P1; x++) {
            const __m512i *l = least + 2 * x, *m = most + 2 * x;
            const __m512 v = greatest(_mm512_min_epi32(_mm512_min_epi32(l[0], l[1]), l[2]),
                                      _mm512_max_epi32(_mm512_max_epi32(m[0], m[1]), m[2]), a[h]);
            _mm512_storeu_ps(to + x * C1 + 16 * h, v);
            widen(r, v);
        }
    }
}

/* First convolution and pooling: map [P1 x P1][C1]. */
static struct scale first(const fc_rnet_int8 *net, uint8_t (*in)[4], uint8_t *to)
{
    const struct scale pixels = {-127.5f / 128, 1.0f / 128};
    const struct activation a[2] = {
        activation_of(net->unit1, net->total1, net->bias1, net->slope1, pixels),
        activation_of(net->unit1 + 16, net->total1 + 16, net->bias1 + 16, net->slope1 + 16, pixels)};
    struct range r = range_of_none();
    float map[P1 * P1 * C1];
    __m512i row[3][M1][2];
    int made = 0;

    for (int y = 0; y < P1; y++) {
        const int last = 2 * y + 2 < M1 ? 2 * y + 2 : M1 - 1;
        for (; made <= last; made++)
            first_row(net, in, made, row[made % 3]);
        pool_first((const __m512i(*)[2])row[2 * y % 3], (const __m512i(*)[2])row[(2 * y + 1) % 3],
                   (const __m512i(*)[2])row[last % 3], a, map + y * P1 * C1, &r);
    }
    return to_bytes(to, map, P1 * P1 * C1, r);
}

/* Row y of the second convolution. */
static void second_row(const fc_rnet_int8 *net, const uint8_t *in, int y, __m512i to[M2][3])
{
    __m512i sum[M2][3];

    UNROLL
    for (int i = 0; i < M2; i++)
        sum[i][0] = sum[i][1] = sum[i][2] = _mm512_setzero_si512();
    for (int t = 0; t < 9; t++) {
        const uint8_t *from = in + ((y + t / 3) * P1 + t % 3) * C1;
        LOOP for (int p = 0; p < 7; p++, from += 4)
        {
            const int8_t(*w)[4] = net->conv2[t][p];
            const __m512i w0 = _mm512_loadu_si512(w), w1 = _mm512_loadu_si512(w + 16);
            const __m512i w2 = _mm512_loadu_si512(w + 32);
            UNROLL
            for (int i = 0; i < M2; i++) {
                const __m512i v = four(from + i * C1);
                ADD_PRODUCTS(sum[i][0], v, w0);
                ADD_PRODUCTS(sum[i][1], v, w1);
                ADD_PRODUCTS(sum[i][2], v, w2);
            }
        }
    }
    UNROLL
    for (int i = 0; i < M2; i++)
        for (int h = 0; h < 3; h++)
            to[i][h] = sum[i][h];
}

/* Second convolution and pooling: map [P2 x P2][C2]. */
static struct scale second(const fc_rnet_int8 *net, const uint8_t *in, struct scale scale, uint8_t *to)
{
    struct range r = range_of_none();
    float map[P2 * P2 * C2];
    __m512i all[M2][M2][3];

    for (int y = 0; y < M2; y++)
        second_row(net, in, y, all[y]);
    for (int h = 0; h < 3; h++) {
        const struct activation a = activation_of(net->unit2 + 16 * h, net->total2 + 16 * h,
                                                  net->bias2 + 16 * h, net->slope2 + 16 * h, scale);
        for (int p = 0; p < P2 * P2; p++) {
            const int y = p / P2 * 2, x = p % P2 * 2;
            __m512i least = all[y][x][h], most = least;
            UNROLL
            for (int k = 1; k < 9; k++) {
                const __m512i v = all[y + k / 3][x + k % 3][h];
                least = _mm512_min_epi32(least, v);
                most = _mm512_max_epi32(most, v);
            }
            const __m512 v = greatest(least, most, a);
            _mm512_storeu_ps(map + p * C2 + 16 * h, v);
            widen(&r, v);
        }
    }
    return to_bytes(to, map, P2 * P2 * C2, r);
}

/* Third convolution, as the dense layer wants it: x, y, channel. */
static struct scale third(const fc_rnet_int8 *net, const uint8_t *in, struct scale scale, uint8_t *to)
{
    struct range r = range_of_none();
    float map[FLAT];

    for (int h = 0; h < C3; h += 32) {
        __m512i sum[M3 * M3][2];
        const struct activation a[2] = {
            activation_of(net->unit3 + h, net->total3 + h, net->bias3 + h, net->slope3 + h, scale),
            activation_of(net->unit3 + h + 16, net->total3 + h + 16, net->bias3 + h + 16,
                          net->slope3 + h + 16, scale)};
        UNROLL
        for (int i = 0; i < M3 * M3; i++)
            sum[i][0] = sum[i][1] = _mm512_setzero_si512();
        for (int t = 0; t < 4; t++) {
            const uint8_t *from = in + (t / 2 * P2 + t % 2) * C2;
            LOOP for (int p = 0; p < C2 / 4; p++, from += 4)
            {
                const __m512i w0 = _mm512_loadu_si512(net->conv3[t][p][h]);
                const __m512i w1 = _mm512_loadu_si512(net->conv3[t][p][h + 16]);
                UNROLL
                for (int i = 0; i < M3 * M3; i++) {
                    const __m512i v = four(from + (i % M3 * P2 + i / M3) * C2);
                    ADD_PRODUCTS(sum[i][0], v, w0);
                    ADD_PRODUCTS(sum[i][1], v, w1);
                }
            }
        }
        UNROLL
        for (int i = 0; i < M3 * M3; i++)
            UNROLL
        for (int k = 0; k < 2; k++) {
            const __m512 v = value_of(sum[i][k], a[k]);
            _mm512_storeu_ps(map + i * C3 + h + 16 * k, v);
            widen(&r, v);
        }
    }
    return to_bytes(to, map, FLAT, r);
}

/* The dense layers of CROPS crops at once. */
static void dense(const fc_rnet_int8 *net, uint8_t (*in)[FLAT], const struct scale *scale, float *ahead)
{
    __m512 all[CROPS];

    UNROLL
    for (int i = 0; i < CROPS; i++)
        all[i] = _mm512_setzero_ps();
    for (int o = 0; o < DENSE; o += 64) {
        __m512i sum[CROPS][4];
        UNROLL
        for (int i = 0; i < CROPS; i++)
            UNROLL
        for (int h = 0; h < 4; h++)
            sum[i][h] = _mm512_setzero_si512();
        LOOP for (int p = 0; p < FLAT / 4; p++)
        {
            __m512i w[4];
            UNROLL
            for (int h = 0; h < 4; h++)
                w[h] = _mm512_loadu_si512(net->dense[p][o + 16 * h]);
            UNROLL
            for (int i = 0; i < CROPS; i++) {
                const __m512i v = four(in[i] + 4 * p);
                UNROLL
                for (int h = 0; h < 4; h++)
                    ADD_PRODUCTS(sum[i][h], v, w[h]);
            }
        }
        UNROLL
        for (int i = 0; i < CROPS; i++)
            UNROLL
        for (int h = 0; h < 4; h++) {
            const int at = o + 16 * h;
            const struct activation a =
                activation_of(net->unit4 + at, net->total4 + at, net->bias4 + at, net->slope4 + at, scale[i]);
            all[i] = _mm512_fmadd_ps(value_of(sum[i][h], a), _mm512_loadu_ps(net->head + at), all[i]);
        }
    }
    for (int i = 0; i < CROPS; i++)
        ahead[i] = _mm512_reduce_add_ps(all[i]) + net->bias5;
}

/* 16 numbers of a plane as bytes, in 32 bits each. */
INLINE __m512i bytes_of(const float *plane)
{
    const __m512 v = _mm512_fmadd_ps(_mm512_loadu_ps(plane), _mm512_set1_ps(128), _mm512_set1_ps(127.5f));
    const __m512i whole = _mm512_cvtps_epi32(v);
    return _mm512_min_epi32(_mm512_max_epi32(whole, _mm512_setzero_si512()), _mm512_set1_epi32(255));
}

/* A crop's pixels as they were: bytes, the fourth one zero. */
static void to_pixels(const float *crop, uint8_t (*to)[4])
{
    for (int i = 0; i < IN * IN; i += 16) {
        const __m512i r = bytes_of(crop + i), g = bytes_of(crop + IN * IN + i);
        const __m512i b = bytes_of(crop + 2 * IN * IN + i);
        _mm512_storeu_si512(
            to[i], _mm512_or_si512(_mm512_or_si512(r, _mm512_slli_epi32(g, 8)), _mm512_slli_epi32(b, 16)));
    }
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

const fc_rnet_coarse_kernel fc_rnet_coarse_vnni = {.isa = FC_ISA_AVX512_VNNI, .run = run};
#endif
