#include "image/rows.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "image/image.h"

/* Rows that become columns are turned in bands, so that each cache line of the image is filled in one go. */
enum { BAND = 16 };

fc_status fc_source_check_size(const fc_source *src, uint64_t w, uint64_t h, fc_error *err)
{
    uint64_t pixels;

    if (w == 0 || h == 0)
        return fc_fail(err, FC_ECORRUPT, "%s: the picture is %llu x %llu pixels", src->name,
                       (unsigned long long)w, (unsigned long long)h);
    if (w > INT_MAX || h > INT_MAX || __builtin_mul_overflow(w, h, &pixels) || pixels > src->opt->max_pixels)
        return fc_fail(err, FC_ELIMIT, "%s: %llu x %llu pixels, the limit is %llu", src->name,
                       (unsigned long long)w, (unsigned long long)h,
                       (unsigned long long)src->opt->max_pixels);
    return FC_OK;
}

fc_status fc_source_check_time(const fc_source *src, fc_error *err)
{
    const double limit = src->opt->seconds;

    return limit && fc_now() - src->began > limit
               ? fc_fail(err, FC_ETIMEOUT, "%s: took longer than %g seconds", src->name, limit)
               : FC_OK;
}

fc_status fc_source_claim(const fc_source *src, uint64_t decoder, uint64_t picture, fc_error *err)
{
    enum { SMALL_THINGS = 1 << 20 };
    fc_claim *c = src->claim;
    uint64_t sum;

    if (src->opt->to_be_copied && decoder < picture) /* the copy is made when the decoder is gone */
        decoder = picture;
    if (__builtin_add_overflow(decoder, picture, &sum) ||
        __builtin_add_overflow(sum, src->n + SMALL_THINGS, &sum))
        sum = UINT64_MAX;
    if (sum <= c->held)
        return FC_OK;
    c->wanted = sum;
    if (c->held == 0) { /* nobody can wait for this picture */
        fc_status s = fc_memory_take(src->opt->memory, sum, src->name, err);
        c->held = s ? 0 : sum;
        return s;
    }
    if (!fc_memory_take_now(src->opt->memory, sum - c->held))
        return FC_END;
    c->held = sum;
    return FC_OK;
}

/* The size of the picture that w x h rows become, before it is turned. */
static void fit(const fc_source *src, int w, int h, int full_w, int full_h, int *to_w, int *to_h)
{
    fc_reduce_fit(full_w, full_h, src->opt->max_side, to_w, to_h);
    if (*to_w > w)
        *to_w = w;
    if (*to_h > h)
        *to_h = h;
}

uint64_t fc_rows_bytes(const fc_source *src, uint64_t w, uint64_t h, uint64_t full_w, uint64_t full_h)
{
    enum { MOST_OF_A_PIXEL = 8, REDUCER = 48 };
    int to_w, to_h;

    fit(src, (int)w, (int)h, (int)full_w, (int)full_h, &to_w, &to_h);
    return (uint64_t)to_w * (uint64_t)to_h * 3 + w * (MOST_OF_A_PIXEL + 3) +
           (uint64_t)to_w * (3 * BAND + REDUCER);
}

/* Where pixel 0, 0 of a w x h picture goes in its upright form, and the steps along its rows and columns. */
static void set_steps(fc_rows *r, int orientation)
{
    ptrdiff_t stride = (ptrdiff_t)r->img->stride;
    ptrdiff_t right = (r->img->w - 1) * (ptrdiff_t)3, bottom = (r->img->h - 1) * stride;
    bool from_right = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
    bool from_bottom = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
    ptrdiff_t across = from_right ? -3 : 3, down = from_bottom ? -stride : stride;

    r->origin = r->img->rgb + (from_right ? right : 0) + (from_bottom ? bottom : 0);
    r->step_x = orientation >= 5 ? down : across;
    r->step_y = orientation >= 5 ? across : down;
}

fc_status fc_rows_begin(fc_rows *r, fc_image *img, const fc_source *src, int w, int h, int full_w, int full_h,
                        int eighths, fc_layout layout, int orientation, fc_error *err)
{
    bool turned = orientation >= 5;
    size_t pixel = fc_layout_pixel(layout);
    fc_status s;

    *r = (fc_rows){.img = img, .layout = layout, .w = w, .h = h};
    fit(src, w, h, full_w, full_h, &r->to_w, &r->to_h);
    s = turned ? fc_image_new(img, r->to_h, r->to_w, err) : fc_image_new(img, r->to_w, r->to_h, err);
    if (s)
        return s;
    img->full_w = turned ? full_h : full_w;
    img->full_h = turned ? full_w : full_h;
    set_steps(r, orientation);
    if (r->to_w != w || r->to_h != h) {
        s = fc_reduce_new(&r->reduce, w, full_w * (eighths / 8.0), full_h * (eighths / 8.0), r->to_w, r->to_h,
                          err);
        if (s)
            return s;
    }
    r->raw = reallocarray(NULL, (size_t)w, pixel);
    r->rgb = reallocarray(NULL, (size_t)w, 3);
    r->small = reallocarray(NULL, (size_t)r->to_w, 3 * BAND);
    if (!r->raw || !r->rgb || !r->small)
        return fc_fail_nomem(err, (size_t)w);
    return FC_OK;
}

/* The next row of the result lies in the image as it comes. */
static bool in_place(const fc_rows *r)
{
    return r->step_x == 3;
}

/* Puts n pixels, from_step apart, to_step apart. */
static void put_line(uint8_t *to, ptrdiff_t to_step, const uint8_t *from, ptrdiff_t from_step, int n)
{
    for (int i = 0; i < n; i++, from += from_step, to += to_step) {
        to[0] = from[0];
        to[1] = from[1];
        to[2] = from[2];
    }
}

/* Writes along the rows of the image: those that wait are its rows, mirrored, or its columns. */
static void turn_waiting(fc_rows *r)
{
    uint8_t *to = r->origin + (r->done - r->waiting) * r->step_y;
    ptrdiff_t row = (ptrdiff_t)r->to_w * 3;

    if (r->step_x == -3)
        for (int i = 0; i < r->waiting; i++)
            put_line(to + i * r->step_y, -3, r->small + i * row, 3, r->to_w);
    else
        for (int x = 0; x < r->to_w; x++)
            put_line(to + x * r->step_x, r->step_y, r->small + (ptrdiff_t)x * 3, row, r->waiting);
    r->waiting = 0;
}

static uint8_t *next_place(fc_rows *r)
{
    return in_place(r) ? r->origin + r->done * r->step_y
                       : r->small + (size_t)r->waiting * (size_t)r->to_w * 3;
}

/* What next_place gave is filled. */
static void placed(fc_rows *r)
{
    r->done++;
    if (in_place(r))
        return;
    r->waiting++;
    if (r->waiting == BAND || r->done == r->to_h)
        turn_waiting(r);
}

uint8_t *fc_rows_next(fc_rows *r)
{
    bool plain = r->layout.channels == FC_RGB && r->layout.depth == 8;
    return plain && !r->reduce ? next_place(r) : r->raw;
}

void fc_rows_put(fc_rows *r, const uint8_t *row)
{
    bool plain = r->layout.channels == FC_RGB && r->layout.depth == 8;

    if (r->done == r->to_h)
        return;
    if (!r->reduce) {
        uint8_t *to = next_place(r);
        if (row != to)
            fc_row_to_rgb(to, row, (size_t)r->w, r->layout);
        placed(r);
        return;
    }
    if (!plain) {
        fc_row_to_rgb(r->rgb, row, (size_t)r->w, r->layout);
        row = r->rgb;
    }
    fc_reduce_push(r->reduce, row);
    while (r->done < r->to_h && fc_reduce_pull(r->reduce, next_place(r)))
        placed(r);
}

void fc_rows_fill(fc_rows *r)
{
    memset(r->raw, FC_MISSING, (size_t)r->w * fc_layout_pixel(r->layout));
    while (r->done < r->to_h)
        fc_rows_put(r, r->raw);
}

void fc_rows_end(fc_rows *r)
{
    fc_reduce_free(r->reduce);
    free(r->raw);
    free(r->rgb);
    free(r->small);
    *r = (fc_rows){0};
}
