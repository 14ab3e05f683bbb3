#include "detect/mtcnn_pnet_coarse.h"

#include <stdlib.h>

#include "base/error.h"
#include "nn/arena.h"
#include "detect/mtcnn_pnet_coarse_impl.h"

void fc_pnet_coarse_free(fc_pnet_coarse *s)
{
    free(s);
}

static const fc_pnet_coarse_kernel *best_kernel(void)
{
#ifdef __x86_64__
    if (fc_cpu_has(FC_ISA_AMX))
        return &fc_pnet_coarse_amx;
    if (fc_cpu_has(FC_ISA_AVX512_VNNI))
        return &fc_pnet_coarse_vnni;
#endif
    return NULL;
}

bool fc_pnet_coarse_possible(void)
{
    return best_kernel() != NULL;
}

fc_isa fc_pnet_coarse_isa(const fc_pnet_coarse *s)
{
    return s->kernel->isa;
}

fc_status fc_pnet_coarse_compile(fc_pnet_coarse **out, const fc_weights *w, fc_error *err)
{
    const fc_pnet_coarse_kernel *kernel = best_kernel();
    fc_status st;

    *out = NULL;
    if (!kernel)
        return fc_fail(err, FC_EUNSUPPORTED, "this CPU has neither matrix tiles nor AVX-512 VNNI");
    *out = fc_zeroed(sizeof **out);
    if (!*out)
        return fc_fail_nomem(err, sizeof **out);
    (*out)->kernel = kernel;
    st = kernel->isa == FC_ISA_AMX ? fc_pnet_bf16_pack(&(*out)->net.bf16, w, err)
                                   : fc_pnet_int16_pack(&(*out)->net.int16, w, err);
    if (st) {
        free(*out);
        *out = NULL;
    }
    return st;
}

static void free_rows(fc_pnet_coarse_session *s)
{
    free(s->pixels[0]);
    free(s->in[0]);
    free(s->pooled[0]);
    free(s->second[0]);
    free(s->ahead);
    s->in[0] = s->pooled[0] = s->second[0] = NULL;
    s->pixels[0] = s->ahead = NULL;
    s->width = 0;
}

void fc_pnet_coarse_session_free(fc_pnet_coarse_session *s)
{
    if (!s)
        return;
    free_rows(s);
    free(s);
}

fc_status fc_pnet_coarse_session_new(fc_pnet_coarse_session **out, const fc_pnet_coarse *net, fc_error *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return fc_fail_nomem(err, sizeof **out);
    (*out)->of = net;
    return FC_OK;
}

/* n rows of numbers, zero, with room for whole runs and what a run reads beyond them. */
static bool make_rows(uint16_t **row, int n, size_t values)
{
    const size_t stride = (values + 63) / 32 * 32 + 1024;
    row[0] = fc_zeroed((size_t)n * stride * sizeof **row);
    if (!row[0])
        return false;
    for (int i = 1; i < n; i++)
        row[i] = row[0] + (size_t)i * stride;
    return true;
}

/* Room for rows of w pixels. */
static fc_status reserve(fc_pnet_coarse_session *s, int w, fc_error *err)
{
    size_t n = (size_t)w;

    if (w <= s->width)
        return FC_OK;
    free_rows(s);
    s->ahead = aligned_alloc(64, (n + 127) / 64 * 64 * sizeof *s->ahead);
    s->pixels[0] = aligned_alloc(64, (3 * KEPT * ((n + 15) / 16 * 16) + 16) * sizeof *s->pixels[0]);
    if (!s->ahead || !s->pixels[0] || !make_rows(s->in, 4, 3 * n) || !make_rows(s->pooled, 3, n / 2 * CH) ||
        !make_rows(s->second, 3, n / 2 * CH)) {
        free_rows(s);
        return fc_fail_nomem(err, n * CH * 8);
    }
    for (size_t i = 1; i < 3 * KEPT; i++)
        s->pixels[i] = s->pixels[0] + i * ((n + 15) / 16 * 16);
    s->width = w;
    return FC_OK;
}

const float *fc_pnet_coarse_pixels(const fc_pnet_coarse_session *s, int y, int c)
{
    return s->pixels[3 * (y % KEPT) + c];
}

fc_status fc_pnet_coarse_run(fc_pnet_coarse_session *s, int w, int h, fc_pnet_coarse_source *source,
                             fc_pnet_coarse_sink *sink, void *ctx, fc_error *err)
{
    const fc_pnet_coarse_kernel *kernel = s->of->kernel;
    const int cw = w - 2, ch = h - 2, pw = (cw + 1) / 2, ph = (ch + 1) / 2, n = pw - 4, rows = ph - 4;
    int in = 0, pooled = 0, second = 0; /* rows made */
    fc_status st;

    if (w < 12 || h < 12)
        return FC_OK;
    st = reserve(s, w, err);
    for (int y = 0; !st && y < rows; y++) {
        for (; second < y + 3; second++) {
            for (; pooled < second + 3; pooled++) {
                for (; in < h && in < 2 * pooled + 4; in++) {
                    source(ctx, in, s->pixels + 3 * (in % KEPT));
                    kernel->input(s, in, w);
                }
                kernel->pooled(s, pooled, pw, cw, ch);
            }
            kernel->second(s, second, pw - 2);
        }
        kernel->cells(s, y, n);
        if (kernel->end)
            kernel->end();
        st = sink(ctx, y, s->ahead, n, err);
    }
    return st;
}
