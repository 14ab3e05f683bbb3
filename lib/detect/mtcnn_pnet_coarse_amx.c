/* Coarse rows of P-Net, on matrix tiles. */
#include "detect/mtcnn_pnet_coarse_impl.h"

#ifdef __x86_64__
/* Pixels or cells of a row that one loop multiplies before the next one reads the sums: tile after tile, without waiting
 * for what a tile gives; sums stay in the first cache. */
enum { RUN = 64 };

/* 32 pixels of the first convolution's row, without bias. */
static void conv1_tiles(const fc_pnet_bf16 *net, const bf16 *const row[3], int x, float to[32][CH])
{
    _tile_zero(0);
    _tile_zero(1);
    for (int k = 0; k < 3; k++) {
        tile_load(4, net->conv1[k], 64);
        tile_load(2, row[k] + 3 * x, 6);
        tile_load(3, row[k] + 3 * (x + 16), 6);
        _tile_dpbf16ps(0, 2, 4);
        _tile_dpbf16ps(1, 3, 4);
    }
    _tile_stored(0, to[0], 64);
    _tile_stored(1, to[16], 64);
}

/* How many of n pixels the next run makes: two tiles at a time. */
static int whole_tiles(int n)
{
    return n < RUN ? (n + 31) / 32 * 32 : RUN;
}

static void pooled_row(fc_pnet_coarse_session *s, int y, int pw, int cw, int ch)
{
    const fc_pnet_bf16 *net = &s->of->net.bf16;
    const int y0 = 2 * y, y1 = y0 + 1 < ch ? y0 + 1 : y0;
    const bf16 *const upper[3] = {s->in[y0 % 4], s->in[(y0 + 1) % 4], s->in[(y0 + 2) % 4]};
    const bf16 *const lower[3] = {s->in[y1 % 4], s->in[(y1 + 1) % 4], s->in[(y1 + 2) % 4]};
    bf16 *to = s->pooled[y % 3];
    float a[RUN][CH] __attribute__((aligned(64))), b[RUN][CH] __attribute__((aligned(64)));

    tiles_begin(10);
    for (int x = 0; x < 2 * pw; x += RUN) {
        const int n = whole_tiles(2 * pw - x);
        for (int i = 0; i < n; i += 32) {
            conv1_tiles(net, upper, x + i, a + i);
            conv1_tiles(net, lower, x + i, b + i);
        }
        for (int i = 0; i < n; i += 2, to += CH) {
            const int next = x + i + 1 < cw ? i + 1 : i; /* the last window may be half outside */
            __m512 v = activate(a[i], net->bias1, net->slope1);
            v = _mm512_max_ps(v, activate(a[next], net->bias1, net->slope1));
            v = _mm512_max_ps(v, activate(b[i], net->bias1, net->slope1));
            v = _mm512_max_ps(v, activate(b[next], net->bias1, net->slope1));
            store_bf16(to, v);
        }
    }
}

/* 32 pixels from x on of row y of the second convolution, without bias. */
static void conv2_tiles(const fc_pnet_coarse_session *s, int y, int x, float to[32][CH])
{
    _tile_zero(0);
    _tile_zero(1);
    for (int k = 0; k < 3; k++)
        for (int half = 0; half < 2; half++) {
            const bf16 *from = s->pooled[(y + k) % 3] + (x + 2 * half) * CH;
            tile_load(4, s->of->net.bf16.conv2[k][half], 64);
            tile_load(2, from, 32);
            tile_load(3, from + 16 * CH, 32);
            _tile_dpbf16ps(0, 2, 4);
            _tile_dpbf16ps(1, 3, 4);
        }
    _tile_stored(0, to[0], 64);
    _tile_stored(1, to[16], 64);
}

static void second_row(fc_pnet_coarse_session *s, int y, int n)
{
    const fc_pnet_bf16 *net = &s->of->net.bf16;
    bf16 *to = s->second[y % 3];
    float v[RUN][CH] __attribute__((aligned(64)));

    tiles_begin(32);
    for (int x = 0; x < n; x += RUN) {
        const int run = whole_tiles(n - x);
        for (int i = 0; i < run; i += 32)
            conv2_tiles(s, y, x + i, v + i);
        for (int i = 0; i < run; i++, to += CH)
            store_bf16(to, activate(v[i], net->bias2, net->slope2));
    }
}

/* 32 cells from x on of row y of the third convolution, without bias: channels 0 to 15, and those from 16 on. */
static void conv3_tiles(const fc_pnet_coarse_session *s, int y, int x, float low[32][CH], float high[32][CH])
{
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int k = 0; k < 3; k++)
        for (int half = 0; half < 2; half++) {
            const bf16 *from = s->second[(y + k) % 3] + (x + 2 * half) * CH;
            tile_load(6, s->of->net.bf16.conv3[k][half][0], 64);
            tile_load(7, s->of->net.bf16.conv3[k][half][1], 64);
            tile_load(4, from, 32);
            tile_load(5, from + 16 * CH, 32);
            _tile_dpbf16ps(0, 4, 6);
            _tile_dpbf16ps(1, 4, 7);
            _tile_dpbf16ps(2, 5, 6);
            _tile_dpbf16ps(3, 5, 7);
        }
    _tile_stored(0, low[0], 64);
    _tile_stored(1, high[0], 64);
    _tile_stored(2, low[16], 64);
    _tile_stored(3, high[16], 64);
}

static void cells_row(fc_pnet_coarse_session *s, int y, int n)
{
    const fc_pnet_bf16 *net = &s->of->net.bf16;
    float low[RUN][CH] __attribute__((aligned(64))), high[RUN][CH] __attribute__((aligned(64)));
    bf16 act[RUN][2 * CH] __attribute__((aligned(64)));

    for (int x = 0; x < n; x += RUN) {
        const int run = whole_tiles(n - x);
        for (int i = 0; i < run; i += 32)
            conv3_tiles(s, y, x + i, low + i, high + i);
        for (int i = 0; i < run; i++) {
            __m512 lo = activate(low[i], net->bias3[0], net->slope3[0]);
            __m512 hi = activate(high[i], net->bias3[1], net->slope3[1]);
            _mm512_store_si512((__m512i *)act[i], (__m512i)_mm512_cvtne2ps_pbh(hi, lo));
        }
        tile_load(6, net->head, 64);
        for (int i = 0; i < run; i += 16) {
            _tile_zero(0);
            tile_load(4, act[i], 64);
            _tile_dpbf16ps(0, 4, 6);
            _tile_stored(0, low[i], 64);
        }
        for (int i = 0; i < run; i++)
            s->ahead[x + i] = low[i][0] + net->bias_head;
    }
}

static void input_row(fc_pnet_coarse_session *s, int y, int w)
{
    float *const *row = s->pixels + 3 * (y % KEPT);
    interleave(s->in[y % 4], row[0], row[1], row[2], w);
}

const fc_pnet_coarse_kernel fc_pnet_coarse_amx = {
    .isa = FC_ISA_AMX,
    .input = input_row,
    .pooled = pooled_row,
    .second = second_row,
    .cells = cells_row,
    .end = tiles_end,
};
#endif
