/* Coarse R-Net on crops, on matrix tiles. */
#include <string.h>

#include "detect/mtcnn_rnet_coarse_impl.h"

#ifdef __x86_64__
enum {
    ROWS2 = 112, /* second convolution's outputs, at y * P1 + x: whole tiles */
    ROWS3 = 16   /* third's, at y * P2 + x */
};

/* Row y of the first convolution: [22 and slack][32]. */
static void first_row(const fc_rnet_bf16 *s, bf16 (*in)[3 * IN + 64], int y, float to[2 * 16][C1])
{
    float v[4][16][16] __attribute__((aligned(64)));

    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(5);
    _tile_zero(6);
    for (int k = 0; k < 3; k++) {
        tile_load(2, in[y + k], 6);
        tile_load(3, in[y + k] + 3 * 16, 6);
        tile_load(4, s->conv1[k][0], 64);
        _tile_dpbf16ps(0, 2, 4);
        _tile_dpbf16ps(5, 3, 4);
        tile_load(4, s->conv1[k][1], 64);
        _tile_dpbf16ps(1, 2, 4);
        _tile_dpbf16ps(6, 3, 4);
    }
    _tile_stored(0, v[0], 64);
    _tile_stored(1, v[1], 64);
    _tile_stored(5, v[2], 64);
    _tile_stored(6, v[3], 64);
    for (int x = 0; x < M1; x += 16)
        for (int i = 0; i < 16 && x + i < M1; i++)
            for (int h = 0; h < 2; h++)
                _mm512_store_ps(to[x + i] + 16 * h,
                                activate(v[x / 16 * 2 + h][i], s->bias1 + 16 * h, s->slope1 + 16 * h));
}

/* First convolution and pooling: map [11 x 11][32]. The input's slack is zero. */
static void first(const fc_rnet_bf16 *s, bf16 (*in)[3 * IN + 64], bf16 (*to)[C1])
{
    float row[3][32][C1] __attribute__((aligned(64))), most[M1][C1] __attribute__((aligned(64)));
    int made = 0;

    for (int y = 0; y < P1; y++) {
        const int y0 = 2 * y, y2 = y0 + 2 < M1 ? y0 + 2 : M1 - 1;
        for (; made <= y2; made++)
            first_row(s, in, made, row[made % 3]);
        for (int x = 0; x < M1; x++)
            for (int c = 0; c < C1; c += 16) {
                __m512 v = _mm512_max_ps(_mm512_load_ps(row[y0 % 3][x] + c),
                                         _mm512_load_ps(row[(y0 + 1) % 3][x] + c));
                _mm512_store_ps(most[x] + c, _mm512_max_ps(v, _mm512_load_ps(row[y2 % 3][x] + c)));
            }
        for (int x = 0; x < P1; x++, to++) {
            const int x2 = 2 * x + 2 < M1 ? 2 * x + 2 : M1 - 1;
            for (int c = 0; c < C1; c += 16) {
                __m512 v =
                    _mm512_max_ps(_mm512_load_ps(most[2 * x] + c), _mm512_load_ps(most[2 * x + 1] + c));
                store_bf16(*to + c, _mm512_max_ps(v, _mm512_load_ps(most[x2] + c)));
            }
        }
    }
}

/* Second convolution: its output x, y is row y * 11 + x of the product, and two in eleven rows are not used. */
static void second(const fc_rnet_bf16 *s, bf16 (*in)[C1], float (*to)[C2])
{
    for (int p = 0; p < ROWS2; p += 16) {
        float v[3][16][16] __attribute__((aligned(64)));
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        for (int t = 0; t < 9; t++) {
            tile_load(3, in[p + t / 3 * P1 + t % 3], 2 * C1);
            tile_load(4, s->conv2[t][0], 64);
            tile_load(5, s->conv2[t][1], 64);
            tile_load(6, s->conv2[t][2], 64);
            _tile_dpbf16ps(0, 3, 4);
            _tile_dpbf16ps(1, 3, 5);
            _tile_dpbf16ps(2, 3, 6);
        }
        _tile_stored(0, v[0], 64);
        _tile_stored(1, v[1], 64);
        _tile_stored(2, v[2], 64);
        for (int i = 0; i < 16; i++)
            for (int h = 0; h < 3; h++)
                _mm512_store_ps(to[p + i] + 16 * h, activate(v[h][i], s->bias2 + 16 * h, s->slope2 + 16 * h));
    }
}

/* Its pooling: map [4 x 4][64], the last 16 channels zero. */
static void second_pool(float (*in)[C2], bf16 (*to)[C2_IN])
{
    for (int y = 0; y < P2; y++)
        for (int x = 0; x < P2; x++)
            for (int c = 0; c < C2; c += 16) {
                __m512 v = _mm512_load_ps(in[2 * y * P1 + 2 * x] + c);
                for (int k = 1; k < 9; k++)
                    v = _mm512_max_ps(v, _mm512_load_ps(in[(2 * y + k / 3) * P1 + 2 * x + k % 3] + c));
                store_bf16(to[y * P2 + x] + c, v);
            }
}

/* Third convolution, as the dense layer wants it: x, y, channel. */
static void third(const fc_rnet_bf16 *s, bf16 (*in)[C2_IN], bf16 *to)
{
    float v[4][ROWS3][16] __attribute__((aligned(64)));

    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int t = 0; t < 4; t++)
        for (int half = 0; half < 2; half++) {
            tile_load(4, in[t / 2 * P2 + t % 2] + 32 * half, 2 * C2_IN);
            tile_load(5, s->conv3[t][half][0], 64);
            _tile_dpbf16ps(0, 4, 5);
            tile_load(6, s->conv3[t][half][1], 64);
            _tile_dpbf16ps(1, 4, 6);
            tile_load(5, s->conv3[t][half][2], 64);
            _tile_dpbf16ps(2, 4, 5);
            tile_load(6, s->conv3[t][half][3], 64);
            _tile_dpbf16ps(3, 4, 6);
        }
    _tile_stored(0, v[0], 64);
    _tile_stored(1, v[1], 64);
    _tile_stored(2, v[2], 64);
    _tile_stored(3, v[3], 64);
    for (int x = 0; x < M3; x++)
        for (int y = 0; y < M3; y++)
            for (int h = 0; h < 4; h++, to += 16)
                store_bf16(to, activate(v[h][y * P2 + x], s->bias3 + 16 * h, s->slope3 + 16 * h));
}

/* The dense layers of FC_RNET_COARSE_BATCH crops at once: their weights are read once. */
static void dense(const fc_rnet_bf16 *s, bf16 (*in)[FLAT], float *ahead)
{
    float sum[DENSE / 16][FC_RNET_COARSE_BATCH][16] __attribute__((aligned(64)));

    for (int o = 0; o < DENSE / 16; o += 4) {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
        for (int k = 0; k < FLAT / 32; k++) {
            tile_load(4, in[0] + 32 * k, FLAT * sizeof(bf16));
            tile_load(5, s->dense[k][o], 64);
            _tile_dpbf16ps(0, 4, 5);
            tile_load(6, s->dense[k][o + 1], 64);
            _tile_dpbf16ps(1, 4, 6);
            tile_load(5, s->dense[k][o + 2], 64);
            _tile_dpbf16ps(2, 4, 5);
            tile_load(6, s->dense[k][o + 3], 64);
            _tile_dpbf16ps(3, 4, 6);
        }
        _tile_stored(0, sum[o], 64);
        _tile_stored(1, sum[o + 1], 64);
        _tile_stored(2, sum[o + 2], 64);
        _tile_stored(3, sum[o + 3], 64);
    }
    for (int i = 0; i < FC_RNET_COARSE_BATCH; i++) {
        __m512 all = _mm512_setzero_ps();
        for (int o = 0; o < DENSE; o += 16)
            all = _mm512_fmadd_ps(activate(sum[o / 16][i], s->bias4 + o, s->slope4 + o),
                                  _mm512_loadu_ps(s->head + o), all);
        ahead[i] = _mm512_reduce_add_ps(all) + s->bias5;
    }
}

/* A crop up to the dense layers. */
static void convolutions(const fc_rnet_bf16 *s, const float *crop, bf16 *to)
{
    bf16 in[IN][3 * IN + 64] __attribute__((aligned(64))); /* tiles read beyond what counts: zeros */
    bf16 p1[ROWS2 + 2 * P1 + 2 + 16][C1] __attribute__((aligned(64)));
    float m2[ROWS2][C2] __attribute__((aligned(64)));
    bf16 p2[ROWS3 + P2 + 2][C2_IN] __attribute__((aligned(64)));

    memset(p1[P1 * P1], 0, sizeof p1 - P1 * P1 * sizeof *p1);
    memset(p2, 0, sizeof p2);
    for (int y = 0; y < IN; y++) {
        const float *row = crop + y * IN;
        memset(in[y] + 3 * IN, 0, 64 * sizeof **in);
        interleave(in[y], row, row + IN * IN, row + 2 * IN * IN, IN);
    }
    tiles_begin(10); /* rows of 64 bytes, six bytes apart, would nearly all lie across two cache lines */
    first(s, in, p1);
    tiles_begin(32);
    second(s, p1, m2);
    second_pool(m2, p2);
    third(s, p2, to);
}

static void run(const fc_rnet_coarse *s, const float (*crop)[FC_RNET_COARSE_CROP], int n, float *ahead)
{
    bf16 flat[FC_RNET_COARSE_BATCH][FLAT] __attribute__((aligned(64)));
    float all[FC_RNET_COARSE_BATCH];

    tiles_begin(32);
    for (int i = 0; i < n; i++)
        convolutions(&s->net.bf16, crop[i], flat[i]);
    memset(flat[n], 0, (size_t)(FC_RNET_COARSE_BATCH - n) * sizeof flat[0]);
    dense(&s->net.bf16, flat, all);
    tiles_end();
    memcpy(ahead, all, (size_t)n * sizeof *ahead);
}

const fc_rnet_coarse_kernel fc_rnet_coarse_amx = {.isa = FC_ISA_AMX, .run = run};
#endif
