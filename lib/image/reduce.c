#include "image/reduce.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"

/* One column of the small picture covers first..last, the outer two by these shares, the others whole. */
typedef struct span {
    int first, last;
    float first_share, last_share;
} span;

struct fc_reduce {
    int w, to_w, to_h;
    double row_step; /* source rows in one row of the small picture */
    float scale;     /* 1 / source pixels in one pixel of the small picture */
    int pushed;      /* rows */
    int pulled;      /* rows */
    float *line;     /* [to_w][3] the row pushed last, summed along x */
    float *sum;      /* [to_w][3] line summed along y, so far */
    span *column;    /* [to_w] */
};

void fc_reduce_fit(int w, int h, int max_side, int *to_w, int *to_h)
{
    int longest = w > h ? w : h;

    *to_w = w;
    *to_h = h;
    if (max_side <= 0 || longest <= max_side)
        return;
    double k = (double)max_side / longest;
    *to_w = w == longest ? max_side : (int)fmax(1, floor(w * k + 0.5));
    *to_h = h == longest ? max_side : (int)fmax(1, floor(h * k + 0.5));
}

/* The share of [i, i+1) that lies in [from, to). */
static double overlap(int i, double from, double to)
{
    return fmax(0, fmin(i + 1.0, to) - fmax(i, from));
}

fc_status fc_reduce_new(fc_reduce **out, int w, double span_w, double span_h, int to_w, int to_h,
                        fc_error *err)
{
    double step = span_w / to_w;
    fc_reduce *r = calloc(1, sizeof *r);

    *out = NULL;
    if (r) {
        r->line = calloc((size_t)to_w, 3 * sizeof *r->line);
        r->sum = calloc((size_t)to_w, 3 * sizeof *r->sum);
        r->column = calloc((size_t)to_w, sizeof *r->column);
    }
    if (!r || !r->line || !r->sum || !r->column) {
        fc_reduce_free(r);
        return fc_fail_nomem(err, (size_t)to_w);
    }
    r->w = w;
    r->to_w = to_w;
    r->to_h = to_h;
    r->row_step = span_h / to_h;
    r->scale = (float)(1 / (step * r->row_step));
    for (int x = 0; x < to_w; x++) {
        double from = x * step, to = fmin((x + 1) * step, span_w);
        span *c = &r->column[x];
        c->first = (int)from < w ? (int)from : w - 1;
        c->last = (int)ceil(to) - 1 < w ? (int)ceil(to) - 1 : w - 1;
        if (c->last < c->first)
            c->last = c->first;
        c->first_share = (float)overlap(c->first, from, to);
        c->last_share = c->last > c->first ? (float)overlap(c->last, from, to) : 0;
    }
    *out = r;
    return FC_OK;
}

void fc_reduce_free(fc_reduce *r)
{
    if (!r)
        return;
    free(r->line);
    free(r->sum);
    free(r->column);
    free(r);
}

void fc_reduce_push(fc_reduce *r, const uint8_t *rgb)
{
    for (int x = 0; x < r->to_w; x++) {
        const span *c = &r->column[x];
        const uint8_t *first = rgb + (size_t)c->first * 3, *last = rgb + (size_t)c->last * 3;
        uint64_t whole[3] = {0};
        for (const uint8_t *p = first + 3; p < last; p += 3)
            for (int i = 0; i < 3; i++)
                whole[i] += p[i];
        for (int i = 0; i < 3; i++)
            r->line[x * 3 + i] = c->first_share * first[i] + (float)whole[i] + c->last_share * last[i];
    }
    r->pushed++;
}

bool fc_reduce_pull(fc_reduce *r, uint8_t *to)
{
    double from = r->pulled * r->row_step, end = (r->pulled + 1) * r->row_step;
    float share = (float)overlap(r->pushed - 1, from, end);
    size_t n = (size_t)r->to_w * 3;

    if (r->pulled == r->to_h)
        return false;
    for (size_t i = 0; i < n; i++)
        r->sum[i] += share * r->line[i];
    if (end > r->pushed + 1e-6)
        return false; /* the next row is in it too */
    for (size_t i = 0; i < n; i++) {
        float v = r->sum[i] * r->scale + 0.5f;
        to[i] = (uint8_t)(v < 255 ? v : 255);
        r->sum[i] = 0;
    }
    r->pulled++;
    return true;
}
