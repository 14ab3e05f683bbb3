#include "detect/mtcnn.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "detect/detector_names.h"
#include "nets/nets.h"
#include "engines/engine_names.h"

/* How many candidates P-Net gives, for each face that is wanted: the best of a level, and of all of them. What R-Net
 * gives is bounded by FC_DETECT_SURVIVORS. */
#define PROPOSALS 200

/* ---- networks ------------------------------------------------------------------------------------------ */

static void free_mtcnn(fc_detector *base)
{
    fc_mtcnn *d = (fc_mtcnn *)base;

    fc_rowwise_free(d->pnet);
    fc_rowwise_free(d->pnet_bound);
    fc_rowwise_free(d->pnet_rest);
    fc_pnet_coarse_free(d->pnet_coarse);
    fc_net_free(d->rnet);
    fc_net_free(d->onet);
    fc_rnet_coarse_free(d->rnet_coarse);
    fc_rowwise_free(d->rnet_batch);
    fc_rowwise_free(d->onet_batch);
    free(d);
}

/* A network as its file has it. */
struct network {
    fc_graph *g;
    fc_weights *w;
};

static fc_status network_load(struct network *n, const fc_models *m, const char *name, fc_error *err)
{
    const fc_model *model;
    fc_status s = fc_models_get(&model, m, name, err);

    *n = (struct network){0};
    if (!s)
        s = fc_model_weights(&n->w, model, err);
    if (!s && !(n->g = fc_net_by_name(model->arch)))
        s = fc_fail(err, FC_EMODEL, "model %s: unknown architecture '%s'", name, model->arch);
    return s;
}

static void network_clear(struct network *n)
{
    fc_graph_free(n->g);
    fc_weights_free(n->w);
}

static fc_status open_pnet(fc_mtcnn *d, const fc_models *m, fc_error *err)
{
    struct network n;
    fc_status s = network_load(&n, m, "mtcnn-pnet", err);

    const bool coarse = fc_pnet_coarse_possible();
    /* where a coarse one looks first, float32 sees batches of cells alone */
    if (!s)
        s = fc_rowwise_compile(&d->pnet, n.g, n.w, coarse && !fc_cpu_has(FC_ISA_AMX), err);
    if (!s)
        s = coarse ? fc_pnet_coarse_compile(&d->pnet_coarse, n.w, err)
                   : fc_pnet_bound_compile(&d->pnet_bound, &d->pnet_rest, n.w, err);
    network_clear(&n);
    return s;
}

/* R-Net or O-Net: in batches on row-wise kernels, or on an engine. coarse NULL: none. */
static fc_status open_crops(fc_rowwise **batch, fc_net **net, fc_rnet_coarse **coarse, const fc_models *m,
                            const char *name, const fc_engine_options *o, fc_error *err)
{
    struct network n;
    fc_status s = network_load(&n, m, name, err);

    if (!s)
        s = batch ? fc_rowwise_compile(batch, n.g, n.w, true, err) : fc_net_compile(net, n.g, n.w, o, err);
    if (!s && coarse)
        s = fc_rnet_coarse_compile(coarse, n.w, err);
    network_clear(&n);
    return s;
}

/* Whether R-Net runs on our own kernels, a vector of candidates at a time: where no other engine is asked for and the CPU
 * has no tiles, which leave so few that vectors would not be full. */
static bool batches(const fc_engine_options *o)
{
    return !fc_cpu_has(FC_ISA_AMX) &&
           (!o->engine || !strcmp(o->engine, FC_ENGINE_AUTO) || !strcmp(o->engine, FC_ENGINE_ONEDNN));
}

static fc_status open_networks(fc_mtcnn *d, const fc_models *m, const fc_engine_options *opt, fc_error *err)
{
    fc_engine_options o = opt ? *opt : (fc_engine_options){0};
    fc_status s = open_pnet(d, m, err);

    if (o.engine && fc_engine_wants_files(o.engine))
        o.engine = NULL; /* these are graphs */
    o.precision =
        FC_PRECISION_FP32; /* the thresholds were chosen for it, and it is a small part of the time */
    const bool own = batches(&o);
    if (!s)
        s = open_crops(own ? &d->rnet_batch : NULL, &d->rnet,
                       (own || fc_cpu_has(FC_ISA_AMX)) && fc_rnet_coarse_possible() ? &d->rnet_coarse : NULL,
                       m, "mtcnn-rnet", &o, err);
    /* O-Net's channels fill vectors: an engine is as fast as candidates in full vectors, of which there are few. */
    if (!s)
        s = open_crops(own && !fc_cpu_has(FC_ISA_BASE) ? &d->onet_batch : NULL, &d->onet, NULL, m,
                       "mtcnn-onet", &o, err);
    return s;
}

static fc_status open_mtcnn(fc_detector **out, const fc_detector_source *from, fc_error *err)
{
    fc_mtcnn *d = calloc(1, sizeof *d);
    fc_status s;

    *out = NULL;
    if (!d)
        return fc_fail_nomem(err, sizeof *d);
    d->base.kind = &fc_detector_mtcnn;
    s = open_networks(d, from->models, from->opt, err);
    if (s)
        free_mtcnn(&d->base);
    else
        *out = &d->base;
    return s;
}

/* ---- what runs ----------------------------------------------------------------------------------------- */

/* Kernels that are no engine's. */
static fc_engine_facts own_facts(const char *name, fc_precision precision, fc_isa isa)
{
    return (fc_engine_facts){.engine = name,
                             .version = FC_VERSION,
                             .precision = precision,
                             .device = "cpu",
                             .isa = fc_isa_name(isa)};
}

static fc_network_facts coarse_facts(const char *network, fc_precision without_tiles, fc_isa isa)
{
    return (fc_network_facts){
        network, own_facts(FC_KERNELS_COARSE, isa == FC_ISA_AMX ? FC_PRECISION_BF16 : without_tiles, isa)};
}

static fc_engine_facts crops_facts(const fc_rowwise *batch, const fc_net *net)
{
    return batch ? own_facts(FC_KERNELS_ROWWISE, FC_PRECISION_FP32, fc_rowwise_isa(batch))
                 : *fc_net_facts(net);
}

static size_t facts(const fc_detector *base, fc_network_facts *out, size_t most)
{
    const fc_mtcnn *d = (const fc_mtcnn *)base;
    fc_network_facts all[5];
    size_t n = 0;

    if (d->pnet_bound)
        all[n++] = (fc_network_facts){
            "P-Net, bound", own_facts(FC_KERNELS_ROWWISE, FC_PRECISION_FP32, fc_rowwise_isa(d->pnet_bound))};
    if (d->pnet_coarse)
        all[n++] = coarse_facts("P-Net, coarse", FC_PRECISION_INT16, fc_pnet_coarse_isa(d->pnet_coarse));
    all[n++] = (fc_network_facts){"P-Net",
                                  own_facts(FC_KERNELS_ROWWISE, FC_PRECISION_FP32, fc_rowwise_isa(d->pnet))};
    if (d->rnet_coarse)
        all[n++] = coarse_facts("R-Net, coarse", FC_PRECISION_INT8, fc_rnet_coarse_isa(d->rnet_coarse));
    all[n++] = (fc_network_facts){"R-Net", crops_facts(d->rnet_batch, d->rnet)};
    all[n++] = (fc_network_facts){"O-Net", crops_facts(d->onet_batch, d->onet)};
    memcpy(out, all, (n < most ? n : most) * sizeof *out);
    return n;
}

/* ---- sessions ------------------------------------------------------------------------------------------ */

static void session_free(fc_detect_session *base)
{
    fc_mtcnn_session *s = (fc_mtcnn_session *)base;

    fc_rowwise_session_free(s->pnet);
    fc_rowwise_session_free(s->pnet_bound);
    fc_rowwise_session_free(s->pnet_rest);
    fc_pnet_coarse_session_free(s->pnet_coarse);
    free(s->cells);
    free(s->windows);
    fc_session_free(s->rnet);
    fc_session_free(s->onet);
    fc_rowwise_session_free(s->rnet_batch);
    fc_rowwise_session_free(s->onet_batch);
    free(s->batch);
    fc_area_clear(&s->area);
    fc_pyramid_clear(&s->small);
    free(s);
}

static fc_status make_coarse(fc_mtcnn_session *s, const fc_mtcnn *d, fc_error *err)
{
    s->cells = calloc(4, sizeof *s->cells);
    if (!s->cells)
        return fc_fail_nomem(err, 4 * sizeof *s->cells);
    return fc_pnet_coarse_session_new(&s->pnet_coarse, d->pnet_coarse, err);
}

static fc_status make_bound(fc_mtcnn_session *s, const fc_mtcnn *d, fc_error *err)
{
    fc_status st;

    s->windows = calloc(1, sizeof *s->windows);
    if (!s->windows)
        return fc_fail_nomem(err, sizeof *s->windows);
    st = fc_rowwise_session_new(&s->pnet_bound, d->pnet_bound, err);
    return st ? st : fc_rowwise_session_new(&s->pnet_rest, d->pnet_rest, err);
}

static fc_status make_batch(fc_mtcnn_session *s, const fc_mtcnn *d, fc_error *err)
{
    fc_status st;

    s->batch = calloc(1, sizeof *s->batch);
    if (!s->batch)
        return fc_fail_nomem(err, sizeof *s->batch);
    st = fc_rowwise_session_new(&s->rnet_batch, d->rnet_batch, err);
    return st || !d->onet_batch ? st : fc_rowwise_session_new(&s->onet_batch, d->onet_batch, err);
}

static fc_status session_new(fc_detect_session **out, const fc_detector *base, fc_error *err)
{
    const fc_mtcnn *d = (const fc_mtcnn *)base;
    fc_mtcnn_session *s = calloc(1, sizeof *s);
    fc_status st;

    *out = NULL;
    if (!s)
        return fc_fail_nomem(err, sizeof *s);
    s->base.kind = base->kind;
    s->of = d;
    s->rnet_coarse = d->rnet_coarse;
    st = fc_rowwise_session_new(&s->pnet, d->pnet, err);
    if (!st && d->pnet_bound)
        st = make_bound(s, d, err);
    if (!st && d->rnet_batch)
        st = make_batch(s, d, err);
    if (!st && d->rnet)
        st = fc_session_new_batch(&s->rnet, d->rnet, err);
    if (!st && d->onet)
        st = fc_session_new_batch(&s->onet, d->onet, err);
    if (!st && d->pnet_coarse)
        st = make_coarse(s, d, err);
    if (st)
        session_free(&s->base);
    else
        *out = &s->base;
    return st;
}

/* ---- the cascade --------------------------------------------------------------------------------------- */

/* Moves the corners by the regression, in units of a box w x h. */
static void regress(fc_proposal *c, float w, float h)
{
    c->x1 += c->reg[0] * w;
    c->y1 += c->reg[1] * h;
    c->x2 += c->reg[2] * w;
    c->y2 += c->reg[3] * h;
}

/* The square with the same centre and the longer side. */
static void make_square(fc_proposal *c)
{
    float w = c->x2 - c->x1, h = c->y2 - c->y1, side = w > h ? w : h;
    c->x1 = c->x1 + w * 0.5f - side * 0.5f;
    c->y1 = c->y1 + h * 0.5f - side * 0.5f;
    c->x2 = c->x1 + side;
    c->y2 = c->y1 + side;
}

static void each(fc_proposals *c, void (*f)(fc_proposal *))
{
    for (size_t i = 0; i < c->n; i++)
        f(&c->at[i]);
}

/* P-Net's regression is in units of the box, the others' of the box with both borders counted. */
static void regress_cell(fc_proposal *c)
{
    regress(c, c->x2 - c->x1, c->y2 - c->y1);
}

static void regress_box(fc_proposal *c)
{
    regress(c, c->x2 - c->x1 + 1, c->y2 - c->y1 + 1);
}

/* The three stages. */
static fc_status detect(fc_detect_session *base, const fc_image *img, const fc_detect_options *o, size_t most,
                        fc_error *err)
{
    fc_mtcnn_session *s = (fc_mtcnn_session *)base;
    double start = fc_now_ms(), then;
    fc_status st;

    s->proposals = PROPOSALS * most;
    st = fc_mtcnn_propose(s, img, o, err);
    then = fc_now_ms();
    s->base.ms.pnet += then - start;
    if (st)
        return st;
    start = then;
    each(&s->base.boxes, regress_cell);
    each(&s->base.boxes, make_square);
    if (s->rnet_coarse)
        st = fc_mtcnn_rnet_coarse(s, img, o->thresholds[1], err);
    if (!st)
        st = fc_mtcnn_rnet(s, img, o->thresholds[1], err);
    if (!st)
        st = fc_nms(&s->base.boxes, 0, 0.7, FC_OVERLAP_UNION, &s->base.nms, err);
    if (!st)
        st = fc_proposals_keep_best(&s->base.boxes, 0, FC_DETECT_SURVIVORS * most, &s->base.cut, &s->base.nms,
                                    err);
    each(&s->base.boxes, regress_box);
    each(&s->base.boxes, make_square);
    then = fc_now_ms();
    s->base.ms.rnet += then - start;
    if (st)
        return st;
    start = then;
    st = fc_mtcnn_onet(s, img, o->thresholds[2], err);
    each(&s->base.boxes, regress_box);
    if (!st)
        st = fc_nms(&s->base.boxes, 0, 0.7, FC_OVERLAP_MIN, &s->base.nms, err);
    s->base.ms.onet += fc_now_ms() - start;
    return st;
}

const fc_detector_kind fc_detector_mtcnn = {
    .name = FC_DETECTOR_MTCNN,
    .good_score = FC_GOOD_SCORE_MTCNN,
    .open = open_mtcnn,
    .free = free_mtcnn,
    .session_new = session_new,
    .session_free = session_free,
    .detect = detect,
    .facts = facts,
};
