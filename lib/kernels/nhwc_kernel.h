/*
 * The functions of nhwc.h. Included by nhwc_*.c, once for each instruction set, with
 *   NAME(f)   the name for that set
 *   LANES     floats in a vector
 *   BF16      1 where float32 is rounded to bfloat16 by an instruction, else 0
 *
 * Vectors run along channels. Functions whose last arguments are constants in every call are written once and
 * built for each case; a block of fewer than LANES channels is the case "part".
 */
#include "kernels/nhwc.h"
#include "kernels/rowwise_impl.h"
#include "kernels/simd.h"

/* ---- elements --------------------------------------------------------------------------------------- */

/* n floats, the other lanes zero. */
INLINE vec load_few(const float *p, int n)
{
#if LANES == 16
    return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif LANES == 8
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return (vec)_mm256_maskload_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane));
#else
    vec v = {0};
    memcpy(&v, p, (size_t)n * 4);
    return v;
#endif
}

INLINE void store_few(float *p, vec v, int n)
{
#if LANES == 16
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#elif LANES == 8
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_maskstore_ps(p, _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane), (__m256)v);
#else
    memcpy(p, &v, (size_t)n * 4);
#endif
}

INLINE vec load(const void *p, size_t i, const fc_elem e, const bool part, int n)
{
#if BF16
    if (e == FC_ELEM_BF16) {
        const uint16_t *q = (const uint16_t *)p + i;
        __m256i v = part ? _mm256_maskz_loadu_epi16((__mmask16)((1u << n) - 1), q)
                         : _mm256_loadu_si256((const __m256i *)q);
        return (vec)_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16);
    }
#else
    (void)e;
#endif
    const float *q = (const float *)p + i;
    return part ? load_few(q, n) : *(const vec *)q;
}

INLINE void store(void *p, size_t i, vec v, const fc_elem e, const bool part, int n)
{
#if BF16
    if (e == FC_ELEM_BF16) {
        uint16_t *q = (uint16_t *)p + i;
        __m256i r = (__m256i)_mm512_cvtneps_pbh((__m512)v);
        if (part)
            _mm256_mask_storeu_epi16(q, (__mmask16)((1u << n) - 1), r);
        else
            _mm256_storeu_si256((__m256i *)q, r);
        return;
    }
#else
    (void)e;
#endif
    float *q = (float *)p + i;
    if (part)
        store_few(q, v, n);
    else
        *(vec *)q = v;
}

INLINE vec prelu(vec v, vec slope)
{
#if LANES == 16
    __m512 x = (__m512)v;
    return (vec)_mm512_mask_mul_ps(x, _mm512_movepi32_mask((__m512i)v), x, (__m512)slope);
#elif LANES == 8
    return (vec)_mm256_blendv_ps((__m256)v, (__m256)(v * slope), (__m256)v);
#else
    const ints negative = (ints)v >> 31;
    return (vec)((negative & (ints)(v * slope)) | (~negative & (ints)v));
#endif
}

INLINE float sum_of(vec v)
{
    float s = 0;
    for (int i = 0; i < LANES; i++)
        s += v[i];
    return s;
}

/* Parameters are float32 and padded. */
#define PARAM(p, i) (*(const vec *)((const float *)(p) + (i)))

/* Calls f(..., c, n, part) for all blocks of channels. */
#define FOR_BLOCKS(channels, f, ...)                                                                         \
    do {                                                                                                     \
        int c_ = 0;                                                                                          \
        for (; c_ + LANES <= (channels); c_ += LANES)                                                        \
            f(__VA_ARGS__, c_, LANES, false);                                                                \
        if (c_ < (channels))                                                                                 \
            f(__VA_ARGS__, c_, (channels)-c_, true);                                                         \
    } while (0)

/* Calls f(..., in, out) with the elements of p as constants. */
#if BF16
#define BY_ELEMENT(p, f, ...)                                                                                \
    do {                                                                                                     \
        if ((p)->in == FC_ELEM_F32)                                                                          \
            f(__VA_ARGS__, FC_ELEM_F32, FC_ELEM_F32);                                                        \
        else if ((p)->out == FC_ELEM_F32)                                                                    \
            f(__VA_ARGS__, FC_ELEM_BF16, FC_ELEM_F32);                                                       \
        else                                                                                                 \
            f(__VA_ARGS__, FC_ELEM_BF16, FC_ELEM_BF16);                                                      \
    } while (0)
#else
#define BY_ELEMENT(p, f, ...) f(__VA_ARGS__, FC_ELEM_F32, FC_ELEM_F32)
#endif

INLINE const uint8_t *pixel(const fc_nhwc_op *p, size_t i, const fc_elem in)
{
    return (const uint8_t *)p->src[0] + i * p->src_ld[0] * fc_elem_size(in);
}

INLINE uint8_t *pixel_out(const fc_nhwc_op *p, size_t i, const fc_elem out)
{
    return (uint8_t *)p->dst + i * p->dst_ld * fc_elem_size(out);
}

static inline int padded(int c)
{
    return (c + FC_NHWC_PAD - 1) / FC_NHWC_PAD * FC_NHWC_PAD;
}

/* ---- depthwise convolution -------------------------------------------------------------------------- */

/* Taps y0..y1 x x0..x1 of the kernel whose first tap lies on from. */
INLINE void window_block(const fc_nhwc_op *p, const uint8_t *from, void *to, int y0, int y1, int x0, int x1,
                         const fc_elem in, const fc_elem out, int c, int n, const bool part)
{
    const size_t pc = (size_t)padded(p->c), size = fc_elem_size(in), row = (size_t)p->w * p->src_ld[0];
    vec sum = PARAM(p->bias, c);
    vec slope = (vec){0} + 1;

    if (p->pre)
        slope = PARAM(p->pre, c);
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++) {
            const uint8_t *q = from + ((size_t)y * row + (size_t)x * p->src_ld[0]) * size;
            sum = madd(prelu(load(q, (size_t)c, in, part, n), slope),
                       PARAM(p->weights, (size_t)(y * p->kw + x) * pc + (size_t)c), sum);
        }
    if (p->post)
        sum = prelu(sum, PARAM(p->post, c));
    store(to, (size_t)c, sum, out, part, n);
}

/* One pixel of the result, any kernel. */
INLINE void depthwise_pixel(const fc_nhwc_op *p, int oy, int ox, const fc_elem in, const fc_elem out)
{
    const int top = oy * p->sh - p->pt, left = ox * p->sw - p->pl;
    const int y0 = top < 0 ? -top : 0, y1 = p->h - top < p->kh ? p->h - top : p->kh;
    const int x0 = left < 0 ? -left : 0, x1 = p->w - left < p->kw ? p->w - left : p->kw;
    const uint8_t *from = (const uint8_t *)p->src[0] +
                          ((ptrdiff_t)top * p->w + left) * (ptrdiff_t)(p->src_ld[0] * fc_elem_size(in));
    void *to = pixel_out(p, (size_t)oy * (size_t)p->ow + (size_t)ox, out);

    FOR_BLOCKS(p->c, window_block, p, from, to, y0, y1, x0, x1, in, out);
}

#define PIXELS   7 /* pixels of the result at a time: divides 7, 14, 28, 56 and 112 */
#define CHANNELS FC_NHWC_CHANNELS

/* n channels from c on of some pixels, as float32 with pre applied, to their place in a row of CHANNELS. */
INLINE void read_block(const fc_nhwc_op *p, const uint8_t *from, float *to, int pixels, const fc_elem in,
                       int c, int n, const bool part)
{
    const size_t step = p->src_ld[0] * fc_elem_size(in);
    vec slope = (vec){0} + 1;

    if (p->pre)
        slope = PARAM(p->pre, c);
    to += c % CHANNELS;
    for (int x = 0; x < pixels; x++, to += CHANNELS, from += step)
        *(vec *)to = prelu(load(from, (size_t)c, in, part, n), slope);
}

/* The input's row y, columns from -pl on, channels first to end: a row of zeros where the map has none. */
INLINE void read_row(const fc_nhwc_op *p, float *to, int y, int columns, int first, int end, const fc_elem in)
{
    const int before = p->pl, inside = columns - before < p->w ? columns - before : p->w;
    const uint8_t *from;

    if (y < 0 || y >= p->h) {
        memset(to, 0, (size_t)columns * CHANNELS * sizeof(float));
        return;
    }
    memset(to, 0, (size_t)before * CHANNELS * sizeof(float));
    to += before * CHANNELS;
    memset(to + inside * CHANNELS, 0, (size_t)(columns - before - inside) * CHANNELS * sizeof(float));
    from = pixel(p, (size_t)y * (size_t)p->w, in);
    int c = first;
    for (; c + LANES <= end; c += LANES)
        read_block(p, from, to, inside, in, c, LANES, false);
    if (c < end)
        read_block(p, from, to, inside, in, c, end - c, true);
}

/* count pixels of the result from the three rows; count is a constant. */
INLINE void tile_block(const fc_nhwc_op *p, const float *const row[3], const vec k[9], vec bias, uint8_t *to,
                       const int count, const int stride, const fc_elem out, int c, int n, const bool part)
{
    const size_t step = p->dst_ld * fc_elem_size(out);
    vec sum[PIXELS];

#pragma GCC unroll 7
    for (int i = 0; i < count; i++)
        sum[i] = bias;
#pragma GCC unroll 3
    for (int y = 0; y < 3; y++)
#pragma GCC unroll 16
        for (int x = 0; x < (count - 1) * stride + 3; x++) {
            vec v = *(const vec *)(row[y] + x * CHANNELS);
            IN_REGISTER(v);
#pragma GCC unroll 3
            for (int t = 0; t < 3; t++)
                if (x >= t && (x - t) % stride == 0 && (x - t) / stride < count)
                    sum[(x - t) / stride] = madd(v, k[3 * y + t], sum[(x - t) / stride]);
        }
    if (p->post) {
        const vec slope = PARAM(p->post, c);
#pragma GCC unroll 7
        for (int i = 0; i < count; i++)
            sum[i] = prelu(sum[i], slope);
    }
#pragma GCC unroll 7
    for (int i = 0; i < count; i++, to += step)
        store(to, (size_t)c, sum[i], out, part, n);
}

INLINE void result_row(const fc_nhwc_op *p, const float *const row[3], uint8_t *to, const int stride,
                       const fc_elem out, int c, int n, const bool part)
{
    const size_t pc = (size_t)padded(p->c), step = p->dst_ld * fc_elem_size(out);
    const int inside = c % CHANNELS;
    const vec bias = PARAM(p->bias, c);
    vec k[9];

#pragma GCC unroll 9
    for (int t = 0; t < 9; t++)
        k[t] = PARAM(p->weights, (size_t)t * pc + (size_t)c);
    for (int ox = 0; ox < p->ow;) {
        /* The last tile goes back over pixels that the one before it made. */
        const int x = p->ow < PIXELS || ox + PIXELS <= p->ow ? ox : p->ow - PIXELS,
                  at = x * stride * CHANNELS + inside;
        const float *const tile[3] = {row[0] + at, row[1] + at, row[2] + at};
        if (p->ow < PIXELS) {
            tile_block(p, tile, k, bias, to + (size_t)x * step, 1, stride, out, c, n, part);
            ox++;
        } else {
            tile_block(p, tile, k, bias, to + (size_t)x * step, PIXELS, stride, out, c, n, part);
            ox += PIXELS;
        }
    }
}

/* 3x3 kernels: every element of the input is read once, into three rows of scratch that move down the map. */
INLINE void depthwise_rows(const fc_nhwc_op *p, const int stride, const fc_elem in, const fc_elem out)
{
    const int columns = (p->ow - 1) * stride + 3;
    float *const scratch = p->scratch;
    const float *row[3];

    for (int first = 0; first < p->c; first += CHANNELS) {
        const int end = p->c - first < CHANNELS ? p->c : first + CHANNELS;
        int next = -p->pt; /* row of the input to be read */
        for (int oy = 0; oy < p->oh; oy++) {
            const int top = oy * stride - p->pt;
            for (; next < top + 3; next++)
                read_row(p, scratch + (size_t)((next + p->pt) % 3 * columns) * CHANNELS, next, columns, first,
                         end, in);
            for (int y = 0; y < 3; y++)
                row[y] = scratch + (size_t)((top + p->pt + y) % 3 * columns) * CHANNELS;
            uint8_t *to = pixel_out(p, (size_t)oy * (size_t)p->ow, out);
            int c = first;
            for (; c + LANES <= end; c += LANES)
                result_row(p, row, to, stride, out, c, LANES, false);
            if (c < end)
                result_row(p, row, to, stride, out, c, end - c, true);
        }
    }
}

INLINE void depthwise_any(const fc_nhwc_op *p, const fc_elem in, const fc_elem out)
{
    for (int oy = 0; oy < p->oh; oy++)
        for (int ox = 0; ox < p->ow; ox++)
            depthwise_pixel(p, oy, ox, in, out);
}

/* Only from a net's usual element to the same: built for one case, it is large. */
static void depthwise(const fc_nhwc_op *p)
{
    const fc_elem usual = BF16 ? FC_ELEM_BF16 : FC_ELEM_F32;
    const bool rows = p->scratch && p->in == usual && p->out == usual;

    if (rows && p->sh == 1)
        depthwise_rows(p, 1, usual, usual);
    else if (rows)
        depthwise_rows(p, 2, usual, usual);
    else
        BY_ELEMENT(p, depthwise_any, p);
}

/* ---- pooling ---------------------------------------------------------------------------------------- */

/* With PReLU before it, whose largest value over a window is that of the window's largest or of its least number, whatever the slope. */
INLINE void maxpool_block(const fc_nhwc_op *p, const uint8_t *from, void *to, const int kh, const int kw,
                          const bool pre, const fc_elem in, const fc_elem out, int c, int n, const bool part)
{
    const size_t step = p->src_ld[0] * fc_elem_size(in), row = (size_t)p->w * step;
    vec most = {0}, least = {0};

    for (int y = 0; y < kh; y++)
        for (int x = 0; x < kw; x++) {
            vec v = load(from + (size_t)y * row + (size_t)x * step, (size_t)c, in, part, n);
            if (y == 0 && x == 0)
                most = least = v;
            most = larger(most, v);
            if (pre)
                least = smaller(least, v);
        }
    if (pre)
        most = larger(prelu(most, PARAM(p->pre, c)), prelu(least, PARAM(p->pre, c)));
    if (p->post)
        most = prelu(most, PARAM(p->post, c));
    store(to, (size_t)c, most, out, part, n);
}

/* Whole windows of the usual sizes are unrolled. */
INLINE void maxpool_pixel(const fc_nhwc_op *p, const uint8_t *from, void *to, int kh, int kw,
                          const fc_elem in, const fc_elem out)
{
    if (p->pre && kh == 3 && kw == 3)
        FOR_BLOCKS(p->c, maxpool_block, p, from, to, 3, 3, true, in, out);
    else if (p->pre)
        FOR_BLOCKS(p->c, maxpool_block, p, from, to, kh, kw, true, in, out);
    else if (kh == 3 && kw == 3)
        FOR_BLOCKS(p->c, maxpool_block, p, from, to, 3, 3, false, in, out);
    else if (kh == 2 && kw == 2)
        FOR_BLOCKS(p->c, maxpool_block, p, from, to, 2, 2, false, in, out);
    else
        FOR_BLOCKS(p->c, maxpool_block, p, from, to, kh, kw, false, in, out);
}

INLINE void maxpool_all(const fc_nhwc_op *p, const fc_elem in, const fc_elem out)
{
    for (int oy = 0; oy < p->oh; oy++)
        for (int ox = 0; ox < p->ow; ox++) {
            const int y = oy * p->sh, x = ox * p->sw;
            const int kh = p->h - y < p->kh ? p->h - y : p->kh, kw = p->w - x < p->kw ? p->w - x : p->kw;
            const uint8_t *from = pixel(p, (size_t)y * (size_t)p->w + (size_t)x, in);
            maxpool_pixel(p, from, pixel_out(p, (size_t)oy * (size_t)p->ow + (size_t)ox, out), kh, kw, in,
                          out);
        }
}

static void maxpool(const fc_nhwc_op *p)
{
    BY_ELEMENT(p, maxpool_all, p);
}

INLINE void avgpool_block(const fc_nhwc_op *p, const fc_elem in, const fc_elem out, int c, int n,
                          const bool part)
{
    vec sum = {0};

    for (size_t i = 0; i < p->n; i++)
        sum += load(pixel(p, i, in), (size_t)c, in, part, n);
    store(p->dst, (size_t)c, sum * (1 / (float)p->n), out, part, n);
}

INLINE void avgpool_all(const fc_nhwc_op *p, const fc_elem in, const fc_elem out)
{
    FOR_BLOCKS(p->c, avgpool_block, p, in, out);
}

static void avgpool(const fc_nhwc_op *p)
{
    BY_ELEMENT(p, avgpool_all, p);
}

/* ---- element by element ----------------------------------------------------------------------------- */

INLINE void prelu_block(const fc_nhwc_op *p, const void *from, void *to, const fc_elem in, const fc_elem out,
                        int c, int n, const bool part)
{
    store(to, (size_t)c, prelu(load(from, (size_t)c, in, part, n), PARAM(p->post, c)), out, part, n);
}

INLINE void affine_block(const fc_nhwc_op *p, const void *from, void *to, const fc_elem in, const fc_elem out,
                         int c, int n, const bool part)
{
    vec v = madd(load(from, (size_t)c, in, part, n), PARAM(p->weights, c), PARAM(p->bias, c));
    store(to, (size_t)c, v, out, part, n);
}

INLINE void copy_block(const fc_nhwc_op *p, const void *from, void *to, const fc_elem in, const fc_elem out,
                       int c, int n, const bool part)
{
    (void)p;
    store(to, (size_t)c, load(from, (size_t)c, in, part, n), out, part, n);
}

INLINE void add_block(const fc_nhwc_op *p, const void *from, const void *from2, void *to, const fc_elem in,
                      const fc_elem out, int c, int n, const bool part)
{
    vec v = madd(EVERY(p->alpha), load(from2, (size_t)c, in, part, n), load(from, (size_t)c, in, part, n));
    store(to, (size_t)c, v, out, part, n);
}

INLINE void prelu_all(const fc_nhwc_op *p, const fc_elem in, const fc_elem out)
{
    for (size_t i = 0; i < p->n; i++)
        FOR_BLOCKS(p->c, prelu_block, p, pixel(p, i, in), pixel_out(p, i, out), in, out);
}

INLINE void affine_all(const fc_nhwc_op *p, const fc_elem in, const fc_elem out)
{
    for (size_t i = 0; i < p->n; i++)
        FOR_BLOCKS(p->c, affine_block, p, pixel(p, i, in), pixel_out(p, i, out), in, out);
}

INLINE void copy_all(const fc_nhwc_op *p, const fc_elem in, const fc_elem out)
{
    for (size_t i = 0; i < p->n; i++)
        FOR_BLOCKS(p->c, copy_block, p, pixel(p, i, in), pixel_out(p, i, out), in, out);
}

INLINE void add_all(const fc_nhwc_op *p, const fc_elem in, const fc_elem out)
{
    for (size_t i = 0; i < p->n; i++) {
        const uint8_t *second = (const uint8_t *)p->src[1] + i * p->src_ld[1] * fc_elem_size(in);
        FOR_BLOCKS(p->c, add_block, p, pixel(p, i, in), second, pixel_out(p, i, out), in, out);
    }
}

static void prelu_map(const fc_nhwc_op *p)
{
    BY_ELEMENT(p, prelu_all, p);
}

static void affine(const fc_nhwc_op *p)
{
    BY_ELEMENT(p, affine_all, p);
}

static void copy(const fc_nhwc_op *p)
{
#if BF16
    if (p->in == FC_ELEM_F32 && p->out == FC_ELEM_BF16) {
        copy_all(p, FC_ELEM_F32, FC_ELEM_BF16);
        return;
    }
#endif
    BY_ELEMENT(p, copy_all, p);
}

static void add(const fc_nhwc_op *p)
{
    BY_ELEMENT(p, add_all, p);
}

/* ---- dense layer ------------------------------------------------------------------------------------ */

#define ROWS 4 /* of the weights at a time */

INLINE void linear_rows(const fc_nhwc_op *p, const void *from, float *to, int o, const int rows,
                        const fc_elem in, const fc_elem we)
{
    const size_t n = p->n, whole = n / LANES * LANES, size = fc_elem_size(we);
    const uint8_t *w = (const uint8_t *)p->weights + (size_t)o * n * size;
    vec sum[ROWS];

    for (int r = 0; r < rows; r++)
        sum[r] = (vec){0};
    for (size_t i = 0; i < whole; i += LANES) {
        vec x = load(from, i, in, false, LANES);
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++)
            sum[r] = madd(x, load(w + (size_t)r * n * size, i, we, false, LANES), sum[r]);
    }
    if (whole < n) {
        const int rest = (int)(n - whole);
        vec x = load(from, whole, in, true, rest);
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++)
            sum[r] = madd(x, load(w + (size_t)r * n * size, whole, we, true, rest), sum[r]);
    }
    for (int r = 0; r < rows; r++) {
        float y = sum_of(sum[r]) + p->bias[o + r];
        to[o + r] = p->post && y < 0 ? y * p->post[o + r] : y;
    }
}

/* Rows of the weights for all inputs, before the next ones. */
INLINE void linear_all(const fc_nhwc_op *p, const fc_elem in, const fc_elem we)
{
    const int count = fc_nhwc_count(p);

    for (int o = 0, rows; o < p->c; o += rows) {
        const uint8_t *from = p->src[0];
        uint8_t *to = p->dst;
        rows = o + ROWS <= p->c ? ROWS : 1;
        for (int i = 0; i < count; i++, from += p->src_step, to += p->dst_step)
            if (rows == ROWS)
                linear_rows(p, from, (float *)to, o, ROWS, in, we);
            else
                linear_rows(p, from, (float *)to, o, 1, in, we);
    }
}

static void linear(const fc_nhwc_op *p)
{
#if BF16
    if (p->in == FC_ELEM_BF16) {
        linear_all(p, FC_ELEM_BF16, FC_ELEM_BF16);
        return;
    }
    if (p->weight_elem == FC_ELEM_BF16) {
        linear_all(p, FC_ELEM_F32, FC_ELEM_BF16);
        return;
    }
#endif
    linear_all(p, FC_ELEM_F32, FC_ELEM_F32);
}

/* ---- dense convolutions of few pixels ---------------------------------------------------------------- */

/* There is little to do for each weight, and they come from far: while one panel is at work in the second cache, the
 * next one is fetched into it. */
#if LANES >= 8 && !BF16

/* Pixels whose sums, of two vectors of channels, are in registers. */
#if LANES == 16
#define ROWS_AT_ONCE 9
#else
#define ROWS_AT_ONCE 6
#endif

/* A pixel by its number, which goes on from one input's to the next one's. */
typedef struct place {
    int y, x;
    size_t of;
} place;

static inline place place_of(const fc_nhwc_op *p, int number)
{
    const int pixels = p->oh * p->ow, i = number % pixels;
    return (place){i / p->ow, i % p->ow, (size_t)(number / pixels)};
}

/* Two vectors of channels, from o on, of rows pixels from number first on. fetch: a part, step bytes for each line of the
 * weights, of the next panel. */
INLINE void conv_block(const fc_nhwc_op *p, int o, int first, const int rows, const uint8_t *fetch,
                       size_t step)
{
    const float *w = (const float *)p->weights +
                     (size_t)(o / FC_NHWC_PANEL * FC_NHWC_PANEL) * p->n * (size_t)(p->kh * p->kw) +
                     o % FC_NHWC_PANEL;
    vec low[ROWS_AT_ONCE], high[ROWS_AT_ONCE];
    place at[ROWS_AT_ONCE];

    for (int r = 0; r < rows; r++) {
        at[r] = place_of(p, first + r);
        low[r] = *(const vec *)(p->bias + o);
        high[r] = *(const vec *)(p->bias + o + LANES);
    }
    for (int ky = 0; ky < p->kh; ky++)
        for (int kx = 0; kx < p->kw; kx++) {
            const float *from[ROWS_AT_ONCE];
            for (int r = 0; r < rows; r++) {
                const int y = at[r].y * p->sh + ky - p->pt, x = at[r].x * p->sw + kx - p->pl;
                from[r] = y < 0 || y >= p->h || x < 0 || x >= p->w
                              ? p->zeros
                              : (const float *)((const uint8_t *)p->src[0] + at[r].of * p->src_step) +
                                    ((size_t)y * (size_t)p->w + (size_t)x) * p->src_ld[0];
            }
            for (size_t i = 0; i < p->n; i++, w += FC_NHWC_PANEL, fetch += step) {
                vec a = *(const vec *)w, b = *(const vec *)(w + LANES);
                __builtin_prefetch(fetch, 0, 2);
                if (LANES == 16 && rows == ROWS_AT_ONCE)
                    __builtin_prefetch(fetch + 64, 0, 2);
#pragma GCC unroll 9
                for (int r = 0; r < rows; r++) {
                    vec v = EVERY(from[r][i]);
                    IN_REGISTER(v);
                    low[r] = madd(a, v, low[r]);
                    high[r] = madd(b, v, high[r]);
                }
            }
        }
    for (int r = 0; r < rows; r++) {
        float *to = (float *)((uint8_t *)p->dst + at[r].of * p->dst_step) +
                    ((size_t)at[r].y * (size_t)p->ow + (size_t)at[r].x) * p->dst_ld + o;
        if (p->alpha != 0) {
            low[r] = madd(*(const vec *)to, EVERY(p->alpha), low[r]);
            high[r] = madd(*(const vec *)(to + LANES), EVERY(p->alpha), high[r]);
        }
        *(vec *)to = p->post ? larger(low[r], (vec){0}) : low[r];
        *(vec *)(to + LANES) = p->post ? larger(high[r], (vec){0}) : high[r];
    }
}

#define CASE(N)                                                                                              \
    case N:                                                                                                  \
        conv_block(p, o, first, N, fetch, step);                                                             \
        break;

NOINLINE void conv_rows(const fc_nhwc_op *p, int o, int first, int rows, const uint8_t *fetch, size_t step)
{
    switch (rows) {
        CASE(1)
        CASE(2)
        CASE(3)
        CASE(4)
        CASE(5)
        CASE(6)
#if LANES == 16
        CASE(7)
        CASE(8)
        CASE(9)
#endif
    }
}
#undef CASE

static void conv(const fc_nhwc_op *p)
{
    const int pixels = p->oh * p->ow * fc_nhwc_count(p), passes = (pixels + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;
    const size_t lines = p->n * (size_t)(p->kh * p->kw), panel = lines * FC_NHWC_PANEL * sizeof(float);
    const size_t parts = (size_t)(passes * FC_NHWC_PANEL / (2 * LANES));
    const size_t step = (FC_NHWC_PANEL * sizeof(float) + parts - 1) / parts;

    for (int o = 0; o < p->c; o += FC_NHWC_PANEL) {
        const uint8_t *fetch = o + FC_NHWC_PANEL < p->c
                                   ? (const uint8_t *)p->weights + (size_t)(o / FC_NHWC_PANEL + 1) * panel
                                   : p->next;
        for (int k = o; k < o + FC_NHWC_PANEL; k += 2 * LANES)
            for (int i = 0, n; i < pixels; i += n, fetch += lines * step) {
                n = fc_rowwise_tile(pixels - i, ROWS_AT_ONCE);
                conv_rows(p, k, i, n, fetch, step);
            }
    }
}
#else
#define conv NULL
#endif

/* ---- dense convolutions in tiles ---------------------------------------------------------------------- */

#if !BF16

/* Tiles whose sums, of two vectors of channels, are in registers. */
#if LANES == 16 || defined __aarch64__ /* of 32 registers */
#define TILES 12
#else
#define TILES 6
#endif

/* Sums of products of one factor: to[tile][2][LANES] from f[blocks of LANES inputs, block floats apart][tile][LANES] and
 * w[input][vecs][LANES]. tiles and vecs are constants in every call. */
INLINE void sum_products(const int tiles, const int vecs, const float *f, size_t block, size_t inputs,
                         const float *w, float *to)
{
    vec sum[TILES][2];

#pragma GCC unroll 12
    for (int r = 0; r < tiles; r++)
        sum[r][0] = sum[r][1] = (vec){0};
    for (size_t i = 0; i < inputs; i += LANES, f += block) {
        const size_t n = inputs - i < LANES ? inputs - i : LANES;
        for (const float *v = f; v < f + n; v++, w += vecs * LANES) {
            const vec a = *(const vec *)w, b = vecs > 1 ? *(const vec *)(w + LANES) : a;
#pragma GCC unroll 12
            for (int r = 0; r < tiles; r++) {
                vec x = EVERY(v[r * LANES]);
                IN_REGISTER(x);
                sum[r][0] = madd(a, x, sum[r][0]);
                if (vecs > 1)
                    sum[r][1] = madd(b, x, sum[r][1]);
            }
        }
    }
#pragma GCC unroll 12
    for (int r = 0; r < tiles; r++, to += 2 * LANES) {
        *(vec *)to = sum[r][0];
        if (vecs > 1)
            *(vec *)(to + LANES) = sum[r][1];
    }
}

#define CASE(N)                                                                                              \
    case N:                                                                                                  \
        sum_products(N, 1, f, block, inputs, w, to);                                                         \
        break;                                                                                               \
    case 16 + N:                                                                                             \
        sum_products(N, 2, f, block, inputs, w, to);                                                         \
        break;

NOINLINE void tile_sums(int tiles, int vecs, const float *f, size_t block, size_t inputs, const float *w,
                        float *to)
{
    switch (16 * (vecs - 1) + tiles) {
        CASE(1)
        CASE(2)
        CASE(3)
        CASE(4)
        CASE(5)
        CASE(6)
#if TILES > 6
        CASE(7)
        CASE(8)
        CASE(9)
        CASE(10)
        CASE(11)
        CASE(12)
#endif
    }
}
#undef CASE

#define M       3
#define TILE(f) f##_3
#include "kernels/nhwc_tile.h"
#define M       4
#define TILE(f) f##_4
#include "kernels/nhwc_tile.h"

static void tiles(const fc_nhwc_op *p)
{
    const fc_nhwc_tiles g = fc_nhwc_tiles_of(p, LANES);

    for (int i = 0, n; i < g.all; i += n) {
        n = fc_rowwise_tile(g.all - i, g.group);
        if (g.m == 3)
            tile_group_3(p, &g, i, n);
        else
            tile_group_4(p, &g, i, n);
    }
}
#else
#define tiles NULL
#endif

/* ---- in and out ------------------------------------------------------------------------------------- */

/* A network's input is never NaN. */
INLINE void put(void *to, size_t i, float v, const fc_elem e)
{
    if (e == FC_ELEM_F32)
        ((float *)to)[i] = v;
    else
        ((bf16 *)to)[i] = to_bf16(v);
}

INLINE void input_all(const fc_nhwc_op *p, const fc_elem out)
{
    const float *from = p->src[0];
    const size_t n = p->n, ld = p->dst_ld;

    if (p->c == 3 && ld == 3) {
        for (size_t i = 0; i < n; i++) {
            put(p->dst, 3 * i, from[i], out);
            put(p->dst, 3 * i + 1, from[n + i], out);
            put(p->dst, 3 * i + 2, from[2 * n + i], out);
        }
        return;
    }
    for (int c = 0; c < p->c; c++)
        for (size_t i = 0; i < n; i++)
            put(p->dst, i * ld + (size_t)c, from[(size_t)c * n + i], out);
}

static void input(const fc_nhwc_op *p)
{
    if (p->out == FC_ELEM_F32)
        input_all(p, FC_ELEM_F32);
    else
        input_all(p, FC_ELEM_BF16);
}

static void output(const fc_nhwc_op *p)
{
    float *to = p->dst;

    for (int c = 0; c < p->c; c++)
        for (size_t i = 0; i < p->n; i++) {
            const size_t at = i * p->src_ld[0] + (size_t)c;
            *to++ = p->in == FC_ELEM_F32 ? ((const float *)p->src[0])[at]
                                         : from_bf16(((const bf16 *)p->src[0])[at]);
        }
}

const fc_nhwc_kernels NAME(fc_nhwc) = {BF16,    depthwise, maxpool, prelu_map, affine, add,   copy,
                                       avgpool, linear,    input,   output,    conv,   tiles, LANES};
