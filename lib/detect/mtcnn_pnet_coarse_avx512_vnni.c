/* Coarse rows of P-Net, by sums of products of 16-bit numbers. */
#include "detect/mtcnn_pnet_coarse_impl.h"

#ifdef __x86_64__

#include "kernels/simd.h"

/* Pixels whose sums are in registers: of the first convolution (in two rows), the second and the third. */
enum { RUN1 = 8, RUN2 = 12, RUN3 = 8 };

#define UNROLL _Pragma("GCC unroll 16")

/* Two neighbouring numbers, for all lanes. */
static inline __m512i two(const uint16_t *at)
{
    int32_t v;
    memcpy(&v, at, sizeof v);
    return _mm512_set1_epi32(v);
}

/* The PReLU of what sums stand for, in units of the next map. */
static inline __m512 number(__m512i sum, const float *unit, const float *bias, const float *slope)
{
    const __m512 v = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(unit), _mm512_loadu_ps(bias));
    return prelu16(v, _mm512_loadu_ps(slope));
}

static inline void store_number(uint16_t *to, __m512 v)
{
    _mm256_storeu_si256((__m256i *)to, _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32(v)));
}

static void input_row(fc_pnet_coarse_session *s, int y, int w)
{
    float *const *row = s->pixels + 3 * (y % KEPT);
    uint16_t *to = s->in[y % 4];

    for (int x = 0; x < w; x++)
        for (int c = 0; c < 3; c++)
            to[3 * x + c] = (uint16_t)(int16_t)(row[c][x] * FC_PNET_INT16_PIXEL);
}

/* RUN1 pixels from x on of two rows of the first convolution, the lower one below rows 0 to 2 or below rows 1 to 3. */
static inline void conv1_run(const fc_pnet_int16 *net, const uint16_t *const row[4], int x,
                             __m512i to[2][RUN1])
{
    __m512i a[RUN1], b[RUN1];

    UNROLL
    for (int i = 0; i < RUN1; i++)
        a[i] = b[i] = _mm512_setzero_si512();
    for (int k = 0; k < 4; k++)
        UNROLL
    for (int p = 0; p < 5; p++) {
        const __m512i upper = _mm512_loadu_si512(net->conv1[k < 3 ? k : 0][p]);
        const __m512i lower = _mm512_loadu_si512(net->conv1[k ? k - 1 : 0][p]);
        UNROLL
        for (int i = 0; i < RUN1; i++) {
            const __m512i v = two(row[k] + 3 * (x + i) + 2 * p);
            if (k < 3)
                a[i] = _mm512_dpwssd_epi32(a[i], upper, v);
            if (k)
                b[i] = _mm512_dpwssd_epi32(b[i], lower, v);
        }
    }
    UNROLL
    for (int i = 0; i < RUN1; i++) {
        to[0][i] = a[i];
        to[1][i] = b[i];
    }
}

static void pooled_row(fc_pnet_coarse_session *s, int y, int pw, int cw, int ch)
{
    const fc_pnet_int16 *net = &s->of->net.int16;
    const int top = 2 * y;
    const bool half = top + 1 >= ch; /* the last window may be half outside */
    const uint16_t *const row[4] = {s->in[top % 4], s->in[(top + 1) % 4], s->in[(top + 2) % 4],
                                    s->in[(top + (half ? 2 : 3)) % 4]};
    uint16_t *to = s->pooled[y % 3];
    __m512i sum[2][RUN1];

    for (int x = 0; x < 2 * pw; x += RUN1) {
        conv1_run(net, row, x, sum);
        for (int i = 0; i < RUN1; i += 2, to += CH) {
            const int next = x + i + 1 < cw ? i + 1 : i;
            __m512i most = _mm512_max_epi32(sum[0][i], sum[0][next]);
            __m512i least = _mm512_min_epi32(sum[0][i], sum[0][next]);
            if (!half) {
                most = _mm512_max_epi32(most, _mm512_max_epi32(sum[1][i], sum[1][next]));
                least = _mm512_min_epi32(least, _mm512_min_epi32(sum[1][i], sum[1][next]));
            }
            /* a PReLU rises, or falls and then rises: its greatest value is at an end */
            store_number(to, _mm512_max_ps(number(most, net->unit1, net->bias1, net->slope1),
                                           number(least, net->unit1, net->bias1, net->slope1)));
        }
    }
}

static void second_row(fc_pnet_coarse_session *s, int y, int n)
{
    const fc_pnet_int16 *net = &s->of->net.int16;
    uint16_t *to = s->second[y % 3];

    for (int x = 0; x < n; x += RUN2, to += RUN2 * CH) {
        __m512i sum[RUN2];
        UNROLL
        for (int i = 0; i < RUN2; i++)
            sum[i] = _mm512_setzero_si512();
        for (int k = 0; k < 3; k++) {
            const uint16_t *row = s->pooled[(y + k) % 3] + x * CH;
            for (int p = 0; p < 5; p++) {
                const __m512i w0 = _mm512_loadu_si512(net->conv2[k][p][0]);
                const __m512i w1 = _mm512_loadu_si512(net->conv2[k][p][1]);
                const __m512i w2 = _mm512_loadu_si512(net->conv2[k][p][2]);
                UNROLL
                for (int i = 0; i < RUN2 + 2; i++) {
                    const __m512i v = two(row + i * CH + 2 * p);
                    if (i < RUN2)
                        sum[i] = _mm512_dpwssd_epi32(sum[i], w0, v);
                    if (i >= 1 && i < RUN2 + 1)
                        sum[i - 1] = _mm512_dpwssd_epi32(sum[i - 1], w1, v);
                    if (i >= 2)
                        sum[i - 2] = _mm512_dpwssd_epi32(sum[i - 2], w2, v);
                }
            }
        }
        UNROLL
        for (int i = 0; i < RUN2; i++)
            store_number(to + i * CH, number(sum[i], net->unit2, net->bias2, net->slope2));
    }
}

static void cells_row(fc_pnet_coarse_session *s, int y, int n)
{
    const fc_pnet_int16 *net = &s->of->net.int16;

    for (int x = 0; x < n; x += RUN3) {
        __m512i low[RUN3], high[RUN3];
        UNROLL
        for (int i = 0; i < RUN3; i++)
            low[i] = high[i] = _mm512_setzero_si512();
        for (int k = 0; k < 3; k++) {
            const uint16_t *row = s->second[(y + k) % 3] + x * CH;
            for (int p = 0; p < 8; p++) {
                const __m512i l0 = _mm512_loadu_si512(net->conv3[k][p][0][0]);
                const __m512i h0 = _mm512_loadu_si512(net->conv3[k][p][0][1]);
                const __m512i l1 = _mm512_loadu_si512(net->conv3[k][p][1][0]);
                const __m512i h1 = _mm512_loadu_si512(net->conv3[k][p][1][1]);
                const __m512i l2 = _mm512_loadu_si512(net->conv3[k][p][2][0]);
                const __m512i h2 = _mm512_loadu_si512(net->conv3[k][p][2][1]);
                UNROLL
                for (int i = 0; i < RUN3 + 2; i++) {
                    const __m512i v = two(row + i * CH + 2 * p);
                    if (i < RUN3) {
                        low[i] = _mm512_dpwssd_epi32(low[i], l0, v);
                        high[i] = _mm512_dpwssd_epi32(high[i], h0, v);
                    }
                    if (i >= 1 && i < RUN3 + 1) {
                        low[i - 1] = _mm512_dpwssd_epi32(low[i - 1], l1, v);
                        high[i - 1] = _mm512_dpwssd_epi32(high[i - 1], h1, v);
                    }
                    if (i >= 2) {
                        low[i - 2] = _mm512_dpwssd_epi32(low[i - 2], l2, v);
                        high[i - 2] = _mm512_dpwssd_epi32(high[i - 2], h2, v);
                    }
                }
            }
        }
        UNROLL
        for (int i = 0; i < RUN3; i++) {
            __m512 all = _mm512_mul_ps(number(low[i], net->unit3[0], net->bias3[0], net->slope3[0]),
                                       _mm512_loadu_ps(net->head[0]));
            all = _mm512_fmadd_ps(number(high[i], net->unit3[1], net->bias3[1], net->slope3[1]),
                                  _mm512_loadu_ps(net->head[1]), all);
            s->ahead[x + i] = _mm512_reduce_add_ps(all) + net->bias_head;
        }
    }
}

const fc_pnet_coarse_kernel fc_pnet_coarse_vnni = {
    .isa = FC_ISA_AVX512_VNNI,
    .input = input_row,
    .pooled = pooled_row,
    .second = second_row,
    .cells = cells_row,
};
#endif
