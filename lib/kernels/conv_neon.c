#include "kernels/conv_neon.h"

#include <math.h>

#ifdef __aarch64__
#define LANES 4
#include "kernels/simd.h"

enum { PANEL = 2 * LANES, PIXELS = 8 };

static size_t panels(const fc_nhwc_op *p)
{
    return ((size_t)p->c + PANEL - 1) / PANEL;
}

/* Of one panel. */
static size_t floats(const fc_nhwc_op *p)
{
    return p->n * (size_t)(p->kh * p->kw) * PANEL;
}

size_t fc_conv_neon_weights(const fc_nhwc_op *p)
{
    return panels(p) * floats(p);
}

void fc_conv_neon_pack(const fc_nhwc_op *p, const float *weights, float *to)
{
    const size_t taps = (size_t)(p->kh * p->kw);

    for (size_t o = 0; o < panels(p) * PANEL; o += PANEL)
        for (size_t t = 0; t < taps; t++)
            for (size_t i = 0; i < p->n; i++)
                for (size_t k = o; k < o + PANEL; k++)
                    *to++ = k < (size_t)p->c ? weights[(k * p->n + i) * taps + t] : 0;
}

typedef struct sums {
    float32x4_t low[PIXELS], high[PIXELS];
} sums;

/* Number lane of each vector in times eight weights each. */
#define MULTIPLY(lane)                                                                                       \
    do {                                                                                                     \
        const float32x4_t a = vld1q_f32(w + (lane)*PANEL), b = vld1q_f32(w + (lane)*PANEL + LANES);          \
        _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++)                                               \
        {                                                                                                    \
            s->low[r] = vfmaq_laneq_f32(s->low[r], a, in[r], lane);                                          \
            s->high[r] = vfmaq_laneq_f32(s->high[r], b, in[r], lane);                                        \
        }                                                                                                    \
    } while (0)

/* n input channels of one tap, w their weights. */
INLINE void add_tap(sums *s, const float *const *from, const float *w, size_t n, const int rows)
{
    size_t i = 0;

    for (; i + LANES <= n; i += LANES, w += LANES * PANEL) {
        float32x4_t in[PIXELS];
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
            in[r] = vld1q_f32(from[r] + i);
        MULTIPLY(0);
        MULTIPLY(1);
        MULTIPLY(2);
        MULTIPLY(3);
    }
    for (; i < n; i++, w += PANEL) {
        float32x4_t in[PIXELS];
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
            in[r] = vld1q_dup_f32(from[r] + i);
        MULTIPLY(0);
    }
}

/* Some pixels of the result, one after the other. */
typedef struct pixels {
    int n, first;
    int top[PIXELS], side[PIXELS]; /* where their windows begin */
    const float *at[PIXELS];       /* that place, where inside */
    bool inside;                   /* all windows lie in the map */
} pixels;

/* A pixel of the input, which may lie outside of the map. */
static inline const float *padded(const fc_nhwc_op *p, int y, int x)
{
    if (y < 0 || y >= p->h || x < 0 || x >= p->w)
        return p->zeros;
    return (const float *)p->src[0] + ((size_t)y * (size_t)p->w + (size_t)x) * p->src_ld[0];
}

/* Those from number first on: as many as a block takes. */
static pixels place(const fc_nhwc_op *p, int first)
{
    const int left = p->oh * p->ow - first;
    pixels x = {.n = left >= PIXELS       ? PIXELS
                     : left >= PIXELS / 2 ? PIXELS / 2
                                          : 1,
                .first = first,
                .inside = true};
    int oy = first / p->ow, ox = first % p->ow;

    for (int r = 0; r < x.n; r++) {
        const int top = oy * p->sh - p->pt, side = ox * p->sw - p->pl;
        x.top[r] = top;
        x.side[r] = side;
        x.inside &= top >= 0 && side >= 0 && top + p->kh <= p->h && side + p->kw <= p->w;
        x.at[r] = padded(p, top, side);
        if (++ox == p->ow) {
            ox = 0;
            oy++;
        }
    }
    return x;
}

/* To PANEL channels of rows pixels, ld floats apart. */
INLINE void deliver(const fc_nhwc_op *p, sums *s, float *to, size_t ld, const int rows)
{
    const float32x4_t least = vdupq_n_f32(p->post ? 0 : -INFINITY);

    if (p->alpha != 0)
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            s->low[r] = vfmaq_n_f32(s->low[r], vld1q_f32(to + (size_t)r * ld), p->alpha);
            s->high[r] = vfmaq_n_f32(s->high[r], vld1q_f32(to + (size_t)r * ld + LANES), p->alpha);
        }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++, to += ld) {
        vst1q_f32(to, vmaxq_f32(s->low[r], least));
        vst1q_f32(to + LANES, vmaxq_f32(s->high[r], least));
    }
}

/* The same where the result has but n channels more. */
INLINE void deliver_few(const fc_nhwc_op *p, sums *s, float *to, int n, const int rows)
{
    const size_t bytes = (size_t)n * sizeof(float);
    float all[PIXELS * PANEL] = {0};

    for (int r = 0; r < rows; r++)
        memcpy(all + r * PANEL, to + (size_t)r * p->dst_ld, bytes);
    deliver(p, s, all, PANEL, rows);
    for (int r = 0; r < rows; r++)
        memcpy(to + (size_t)r * p->dst_ld, all + r * PANEL, bytes);
}

/* PANEL channels from o on of rows pixels. rows is a constant in every call. */
INLINE void block(const fc_nhwc_op *p, int o, const pixels *x, const int rows)
{
    const float *w = (const float *)p->weights + (size_t)(o / PANEL) * floats(p);
    float *to = (float *)p->dst + (size_t)x->first * p->dst_ld + o;
    const float32x4_t low = vld1q_f32(p->bias + o), high = vld1q_f32(p->bias + o + LANES);
    /* Where a pixel's channels are all that there is of it, a row of taps is one of more channels. */
    const bool joined = x->inside && p->src_ld[0] == p->n;
    const int taps = joined ? 1 : p->kw;
    const size_t n = joined ? p->n * (size_t)p->kw : p->n;
    sums s;

#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        s.low[r] = low;
        s.high[r] = high;
    }
    for (int ky = 0; ky < p->kh; ky++)
        for (int kx = 0; kx < taps; kx++, w += n * PANEL) {
            const size_t tap = ((size_t)ky * (size_t)p->w + (size_t)kx) * p->src_ld[0];
            const float *from[PIXELS];
#pragma GCC unroll 8
            for (int r = 0; r < rows; r++)
                from[r] = x->inside ? x->at[r] + tap : padded(p, x->top[r] + ky, x->side[r] + kx);
            add_tap(&s, from, w, n, rows);
        }
    if (p->c - o >= PANEL)
        deliver(p, &s, to, p->dst_ld, rows);
    else
        deliver_few(p, &s, to, p->c - o, rows);
}

static void block_of(const fc_nhwc_op *p, int o, const pixels *x)
{
    if (x->n == PIXELS)
        block(p, o, x, PIXELS);
    else if (x->n == PIXELS / 2)
        block(p, o, x, PIXELS / 2);
    else
        block(p, o, x, 1);
}

/* What there is more of, weights or input, is read once; the rest again and again, from a cache. */
void fc_conv_neon(const fc_nhwc_op *p)
{
    const int all = p->oh * p->ow;
    const size_t input = (size_t)p->h * (size_t)p->w * p->src_ld[0];
    const int o_step = fc_conv_neon_weights(p) > input ? PANEL : p->c;

    for (int o = 0; o < p->c; o += o_step)
        for (int i = 0; i < all;) {
            const pixels x = place(p, i);
            for (int k = o; k < o + o_step; k += PANEL)
                block_of(p, k, &x);
            i += x.n;
        }
}
#else
size_t fc_conv_neon_weights(const fc_nhwc_op *p)
{
    (void)p;
    return 0;
}

void fc_conv_neon_pack(const fc_nhwc_op *p, const float *weights, float *to)
{
    (void)p, (void)weights, (void)to;
}

void fc_conv_neon(const fc_nhwc_op *p)
{
    (void)p;
}
#endif
