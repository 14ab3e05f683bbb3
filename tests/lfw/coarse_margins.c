/*
 * How far the coarse R-Net is off the exact one, which decides what it lets through; and P-Net's bound.
 *     coarse_margins MODELS PHOTO...
 * All cells of each photo, faces from 20 pixels on: prints how many there were, how many of them are faces for P-Net, how many its bound
 * lets through, and how far a bound was below the logit at most, which rounding alone can do.
 * Squares of each photo, a fifth of their side apart, from 20 pixels on and larger by 1.41: for each level of this CPU with a
 * coarse R-Net of its own, prints how many there were, the greatest difference of the logit anywhere and within 3 of where
 * --thresholds' default turns down, and how many that is.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/grow.h"
#include "detect/mtcnn.h"
#include "models/registry.h"
#include "nets/nets.h"

struct nets {
    fc_rowwise *exact;
    fc_rowwise_session *session;
    fc_rnet_coarse *coarse;
    fc_isa isa;
};

struct batch {
    float crop[FC_RNET_COARSE_BATCH][FC_RNET_COARSE_CROP];
    float ahead[FC_RNET_COARSE_BATCH];
    int n, lanes;
};

struct tally {
    long all, near;
    double worst, worst_near;
};

static void must(fc_status s, const fc_error *err)
{
    if (s) {
        fprintf(stderr, "coarse_margins: %s\n", err->message);
        exit(2);
    }
}

static fc_graph *open_model(fc_weights **w, const char *models, const char *name)
{
    fc_error err = {0};
    fc_models *m;
    const fc_model *model;
    fc_graph *g;

    must(fc_models_open(&m, models, &err), &err);
    must(fc_models_get(&model, m, name, &err), &err);
    must(fc_model_weights(w, model, &err), &err);
    g = fc_net_by_name(model->arch);
    fc_models_free(m);
    return g;
}

static void open_nets(struct nets *n, const char *models)
{
    fc_error err = {0};
    fc_weights *w;
    fc_graph *g = open_model(&w, models, "mtcnn-rnet");

    must(fc_rowwise_compile(&n->exact, g, w, true, &err), &err);
    must(fc_rowwise_session_new(&n->session, n->exact, &err), &err);
    must(fc_rnet_coarse_compile(&n->coarse, w, &err), &err);
    n->isa = fc_rnet_coarse_isa(n->coarse);
    fc_graph_free(g);
    fc_weights_free(w);
}

static void close_nets(struct nets *n)
{
    fc_rnet_coarse_free(n->coarse);
    fc_rowwise_session_free(n->session);
    fc_rowwise_free(n->exact);
}

static void crop_row(void *ctx, int y, float *const *plane)
{
    const struct batch *b = ctx;

    for (int c = 0; c < 3; c++)
        for (int x = 0; x < FC_RNET_SIZE; x++)
            for (int i = 0; i < b->lanes; i++)
                plane[c][x * b->lanes + i] =
                    i < b->n ? b->crop[i][(c * FC_RNET_SIZE + y) * FC_RNET_SIZE + x] : 0;
}

static fc_status take(void *ctx, int y, const float *const *plane, int n, fc_error *err)
{
    struct batch *b = ctx;
    (void)y, (void)n, (void)err;

    for (int i = 0; i < b->n; i++)
        b->ahead[i] = plane[1][i] - plane[0][i];
    return FC_OK;
}

static void compare(const struct nets *n, struct batch *b, struct tally *t)
{
    const double turns = log(0.7 / 0.3);
    float coarse[FC_RNET_COARSE_BATCH];
    fc_error err = {0};

    if (!b->n)
        return;
    fc_rnet_coarse_run(n->coarse, (const float(*)[FC_RNET_COARSE_CROP])b->crop, b->n, coarse);
    must(fc_rowwise_run_batch(n->session, b->lanes, FC_RNET_SIZE, FC_RNET_SIZE, crop_row, take, b, &err),
         &err);
    for (int i = 0; i < b->n; i++) {
        const double off = fabs((double)coarse[i] - (double)b->ahead[i]);
        t->all++;
        t->worst = fmax(t->worst, off);
        if (fabs((double)b->ahead[i] - turns) < 3) {
            t->near++;
            t->worst_near = fmax(t->worst_near, off);
        }
    }
    b->n = 0;
}

static void add_crop(const struct nets *n, struct batch *b, fc_area *area, const fc_image *img, int x, int y,
                     int side, struct tally *t)
{
    float *to = b->crop[b->n];
    fc_error err = {0};

    must(fc_area_begin(area, img->rgb + (size_t)y * img->stride + 3 * (size_t)x, img->stride, side, side,
                       FC_RNET_SIZE, FC_RNET_SIZE, &err),
         &err);
    for (int i = 0; i < FC_RNET_SIZE; i++, to += FC_RNET_SIZE)
        fc_area_row(
            area, i,
            (float *const[]){to, to + FC_RNET_SIZE * FC_RNET_SIZE, to + 2 * FC_RNET_SIZE * FC_RNET_SIZE});
    if (++b->n == b->lanes)
        compare(n, b, t);
}

static void look_at(const struct nets *n, struct batch *b, fc_area *area, const char *photo, struct tally *t)
{
    fc_error err = {0};
    fc_image img = {0};

    must(fc_image_load(&img, photo, NULL, &err), &err);
    for (double size = 20; size <= img.w && size <= img.h; size *= 1.41) {
        const int side = (int)size, step = side / 5;
        for (int y = 0; y + side <= img.h; y += step)
            for (int x = 0; x + side <= img.w; x += step)
                add_crop(n, b, area, &img, x, y, side, t);
    }
    fc_image_clear(&img);
}

/* ---- P-Net's bound --------------------------------------------------------------------------------------- */

struct bounded {
    fc_rowwise_session *exact, *bound;
    fc_area area;
    float *ahead; /* of a level's cells */
    size_t room;
    long cells, faces, passed;
    double under;
};

static void level_row(void *ctx, int y, float *const *plane)
{
    fc_area_row(&((struct bounded *)ctx)->area, y, plane);
}

static fc_status exact_row(void *ctx, int y, const float *const *plane, int n, fc_error *err)
{
    struct bounded *b = ctx;
    (void)err;

    for (int x = 0; x < n; x++)
        b->ahead[y * n + x] = plane[1][x] - plane[0][x];
    return FC_OK;
}

static fc_status bound_row(void *ctx, int y, const float *const *plane, int n, fc_error *err)
{
    const double turns = log(0.6 / 0.4);
    struct bounded *b = ctx;
    (void)err;

    for (int x = 0; x < n; x++) {
        const double ahead = (double)b->ahead[y * n + x], bound = (double)plane[0][x];
        b->cells++;
        b->faces += ahead >= turns;
        b->passed += bound >= turns - FC_PNET_BOUND_MARGIN;
        b->under = fmax(b->under, ahead - bound);
    }
    return FC_OK;
}

static void bound_photo(struct bounded *b, const char *photo)
{
    fc_error err = {0};
    fc_image img = {0};

    must(fc_image_load(&img, photo, NULL, &err), &err);
    for (double scale = 0.6; scale * fmin(img.w, img.h) >= FC_PNET_CELL; scale *= 0.709) {
        const int w = (int)(img.w * scale + 1), h = (int)(img.h * scale + 1);
        must(fc_grow(&b->ahead, (size_t)w * (size_t)h, &b->room, sizeof *b->ahead, &err), &err);
        must(fc_area_begin(&b->area, img.rgb, img.stride, img.w, img.h, w, h, &err), &err);
        must(fc_rowwise_run(b->exact, w, h, level_row, exact_row, b, &err), &err);
        must(fc_rowwise_run(b->bound, w, h, level_row, bound_row, b, &err), &err);
    }
    fc_image_clear(&img);
}

static void bound_photos(const char *models, int n, char **photo)
{
    struct bounded b = {0};
    fc_error err = {0};
    fc_weights *w;
    fc_graph *g = open_model(&w, models, "mtcnn-pnet");
    fc_rowwise *exact, *bound, *rest;

    must(fc_rowwise_compile(&exact, g, w, false, &err), &err);
    must(fc_pnet_bound_compile(&bound, &rest, w, &err), &err);
    must(fc_rowwise_session_new(&b.exact, exact, &err), &err);
    must(fc_rowwise_session_new(&b.bound, bound, &err), &err);
    for (int i = 0; i < n; i++)
        bound_photo(&b, photo[i]);
    printf("P-Net's bound: %ld cells, %ld are faces for P-Net, %ld let through (%.2f %%); below the logit by "
           "%g at most\n",
           b.cells, b.faces, b.passed, 100. * (double)b.passed / (double)b.cells, b.under);
    fc_rowwise_session_free(b.bound);
    fc_rowwise_session_free(b.exact);
    fc_rowwise_free(rest);
    fc_rowwise_free(bound);
    fc_rowwise_free(exact);
    fc_area_clear(&b.area);
    free(b.ahead);
    fc_graph_free(g);
    fc_weights_free(w);
}

int main(int argc, char **argv)
{
#ifdef __aarch64__
    static const char *const levels[] = {"ALL"};
#else
    static const char *const levels[] = {"AVX2_VNNI", "AVX512_CORE_VNNI", "ALL"};
#endif
    static struct batch b;
    fc_isa last = FC_ISA_BASE;

    if (argc < 3) {
        fprintf(stderr, "usage: coarse_margins MODELS PHOTO...\n");
        return 2;
    }
    bound_photos(argv[1], argc - 2, argv + 2);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        struct nets n;
        struct tally t = {0};
        fc_area area = {0};
        fc_error err = {0};
        must(fc_cpu_hold(levels[i], &err), &err);
        if (!fc_rnet_coarse_possible())
            continue;
        open_nets(&n, argv[1]);
        b.lanes = fc_rowwise_batch(n.exact);
        for (int k = 2; n.isa != last && k < argc; k++)
            look_at(&n, &b, &area, argv[k], &t);
        if (n.isa != last) {
            compare(&n, &b, &t);
            printf("R-Net on %s: %ld crops, logits off by %.3f at most; %ld near the threshold, by %.3f\n",
                   fc_isa_name(n.isa), t.all, t.worst, t.near, t.worst_near);
        }
        last = n.isa;
        fc_area_clear(&area);
        close_nets(&n);
    }
    return 0;
}
