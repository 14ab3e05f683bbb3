/* Thresholds for a gallery's number of people: how like strangers are to them. */
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/stats.h"
#include "base/tell.h"
#include "gallery/impl.h"
#include "match/decide.h"
#include "match/search.h"

enum { AT_ONCE = 256, NAMED = 5 }; /* NAMED: of the enrolled that a message names */
#define SAME_PICTURE 0.99999       /* cosine from which on two embeddings are of one picture */
#define GROWTH       1.2

static fc_status check_rate(double fpir, fc_error *err)
{
    if (fpir > 0 && fpir < 1)
        return FC_OK;
    return fc_fail(err, FC_EUSAGE, "an FPIR of %g: want a rate above 0 and below 1", fpir);
}

fc_calibration *fc_calibration_new(const fc_calibration *c, const double *score)
{
    fc_calibration *out = malloc(sizeof *out + c->looks * sizeof *score);

    if (!out)
        return NULL;
    *out = *c;
    out->score = (double *)(void *)(out + 1);
    memcpy(out + 1, score, c->looks * sizeof *score);
    return out;
}

/* ---- looks at strangers ---- */

struct look {
    size_t image; /* of the cohort, or the row of the table */
    const float *v;
};

struct work {
    fc_gallery *g;
    const fc_templates *cohort; /* NULL: people are left out */
    const fc_calibrate_options *opt;
    fc_table *t;
    fc_table_size size;
    uint64_t people;   /* with samples */
    size_t *person;    /* [size.rows] */
    struct look *look; /* [n] */
    size_t n;
    double *score;   /* [n] */
    size_t *nearest; /* [n]: the row */
};

static void work_free(struct work *w)
{
    fc_table_free(w->t);
    free(w->person);
    free(w->look);
    free(w->score);
    free(w->nearest);
}

static fc_status read_people(struct work *w, fc_error *err)
{
    fc_table_label label;
    fc_status s = fc_gallery_load(w->g, &w->t, &label, err);

    if (s)
        return s;
    w->size = fc_table_get_size(w->t);
    w->person = calloc(w->size.rows + 1, sizeof *w->person);
    if (!w->person)
        return fc_fail_nomem(err, w->size.rows * sizeof *w->person);
    for (size_t i = 0; !s && i < w->size.subjects; i++) {
        fc_table_subject who;
        s = fc_table_get_subject(w->t, i, &who, err);
        for (size_t k = 0; !s && k < who.rows; k++)
            w->person[who.first + k] = i;
        w->people += !s && who.rows;
    }
    return s;
}

static fc_status check_looks(const struct work *w, size_t n, fc_error *err)
{
    const char *name = fc_gallery_path(w->g);

    if (!w->people)
        return fc_fail(err, FC_EDATA,
                       "%s: nobody is enrolled: there is nobody for whom a stranger could be taken", name);
    if (!w->cohort && w->people < 2)
        return fc_fail(
            err, FC_EDATA,
            "%s: one person is enrolled, who can be left out of nobody: a threshold wants photos of "
            "strangers",
            name);
    if (!n)
        return fc_fail(err, FC_EEMPTY, "the cohort: of %zu pictures none has a face", w->cohort->n);
    if (n > FC_MOST_LOOKS)
        return fc_fail(err, FC_ELIMIT, "%zu faces of strangers: %d are possible", n, FC_MOST_LOOKS);
    return FC_OK;
}

static fc_status take_cohort(struct work *w, fc_error *err)
{
    const fc_templates *t = w->cohort;

    if (!(w->look = calloc(t->n + 1, sizeof *w->look)))
        return fc_fail_nomem(err, t->n * sizeof *w->look);
    for (size_t i = 0; i < t->n; i++)
        if (t->image[i].state == FC_TEMPLATE_MADE)
            w->look[w->n++] = (struct look){i, t->v + i * t->dim};
    return check_looks(w, w->n, err);
}

/* ---- the enrolled, left out in turn ---- */

static int by_number(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

struct photos {
    int64_t *sample; /* [n]: those that are no views, by rising number */
    size_t n, room;
};

static fc_status take_photo(void *ctx, const fc_sample *s, fc_error *err)
{
    struct photos *p = ctx;

    (void)err;
    if (s->view == 0 && p->n < p->room)
        p->sample[p->n++] = s->id;
    return FC_OK;
}

static fc_status take_enrolled(struct work *w, fc_error *err)
{
    struct photos photos = {.sample = calloc(w->size.rows + 1, sizeof *photos.sample), .room = w->size.rows};
    fc_status s = FC_OK;

    w->look = calloc(w->size.rows + 1, sizeof *w->look);
    if (!photos.sample || !w->look)
        s = fc_fail_nomem(err, w->size.rows * sizeof *w->look);
    if (!s)
        s = fc_gallery_each_sample(w->g, 0, false, take_photo, &photos, err);
    for (size_t i = 0; !s && i < w->size.rows; i++) {
        fc_table_row r;
        s = fc_table_get(w->t, i, &r, err);
        if (!s && bsearch(&r.sample, photos.sample, photos.n, sizeof *photos.sample, by_number))
            w->look[w->n++] = (struct look){i, r.e};
    }
    free(photos.sample);
    return s ? s : check_looks(w, w->n, err);
}

/* ---- how alike they are ---- */

static fc_status search_some(struct work *w, size_t first, size_t n, float *queries, fc_error *err)
{
    const fc_search_options opt = {.k = 1, .fuse = w->opt->fuse, .group = w->person};
    size_t leave[AT_ONCE], found[AT_ONCE];
    fc_search_options how = opt;
    fc_hit hits[AT_ONCE];

    how.leave = leave;
    for (size_t i = 0; i < n; i++) {
        const struct look *l = &w->look[first + i];
        memcpy(queries + i * w->size.dim, l->v, w->size.dim * sizeof *queries);
        leave[i] = w->cohort ? SIZE_MAX : w->person[l->image];
    }
    const fc_status s = fc_search(w->t, queries, n, &how, hits, found, err);
    for (size_t i = 0; !s && i < n; i++) {
        w->score[first + i] = fc_decimal(hits[i].score);
        w->nearest[first + i] = hits[i].row;
    }
    return s;
}

static fc_status search_all(struct work *w, fc_error *err)
{
    float *queries = calloc(AT_ONCE * w->size.dim, sizeof *queries);
    fc_status s = FC_OK;

    w->score = calloc(w->n, sizeof *w->score);
    w->nearest = calloc(w->n, sizeof *w->nearest);
    if (!queries || !w->score || !w->nearest)
        s = fc_fail_nomem(err, AT_ONCE * w->size.dim * sizeof *queries);
    for (size_t i = 0; !s && i < w->n; i += AT_ONCE)
        s = search_some(w, i, w->n - i < AT_ONCE ? w->n - i : AT_ONCE, queries, err);
    free(queries);
    return s;
}

/* ---- strangers who are none ---- */

struct enrolled {
    uint8_t content[32];
    int64_t subject;
};

struct contents {
    struct enrolled *of; /* [n], sorted */
    size_t n, room;
};

static int by_content(const void *a, const void *b)
{
    return memcmp(a, b, sizeof((struct enrolled *)0)->content);
}

static fc_status take_content(void *ctx, const fc_sample *s, fc_error *err)
{
    struct contents *c = ctx;

    (void)err;
    if (c->n == c->room)
        return FC_OK;
    memcpy(c->of[c->n].content, s->content, sizeof s->content);
    c->of[c->n++].subject = s->subject;
    return FC_OK;
}

static fc_status read_contents(const struct work *w, struct contents *c, fc_error *err)
{
    c->room = w->size.rows;
    if (!(c->of = calloc(c->room + 1, sizeof *c->of)))
        return fc_fail_nomem(err, c->room * sizeof *c->of);
    fc_status s = fc_gallery_each_sample(w->g, 0, false, take_content, c, err);
    if (!s)
        qsort(c->of, c->n, sizeof *c->of, by_content);
    return s;
}

/* The person of the table who has the photo of look i; false: nobody. */
static bool enrolled_as(const struct work *w, const struct contents *c, size_t i, fc_table_subject *who)
{
    const fc_template_image *im = &w->cohort->image[w->look[i].image];
    struct enrolled key;
    const struct enrolled *e = fc_sha256_parse(key.content, im->sha256)
                                   ? bsearch(&key, c->of, c->n, sizeof *c->of, by_content)
                                   : NULL;

    for (size_t k = 0; e && k < w->size.subjects; k++)
        if (!fc_table_get_subject(w->t, k, who, NULL) && who->id == e->subject)
            return true;
    fc_table_row r;
    return !fc_table_get(w->t, w->nearest[i], &r, NULL) &&
           fc_cosine(w->look[i].v, r.e, w->size.dim) >= SAME_PICTURE &&
           !fc_table_get_subject(w->t, r.subject, who, NULL);
}

/* Photos of the cohort that are enrolled. */
static fc_status refuse_enrolled(const struct work *w, fc_error *err)
{
    struct contents c = {0};
    char names[300] = "";
    size_t count = 0, length = 0;
    fc_status s = read_contents(w, &c, err);

    for (size_t i = 0; !s && i < w->n; i++) {
        fc_table_subject who;
        if (!enrolled_as(w, &c, i, &who))
            continue;
        if (count++ < NAMED && length < sizeof names)
            length +=
                (size_t)snprintf(names + length, sizeof names - length, "%s%s (%.*s)", count > 1 ? ", " : "",
                                 w->cohort->image[w->look[i].image].path, (int)who.length, who.name);
    }
    if (!s && count)
        s = fc_fail(err, FC_EDATA, "%s: %zu of the cohort's %zu faces are of photos that are enrolled: %s%s",
                    fc_gallery_path(w->g), count, w->n, names, count > NAMED ? "..." : "");
    free(c.of);
    return s;
}

static fc_status tell_alike(const struct work *w, fc_error *err)
{
    size_t count = 0;
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < w->n; i++) {
        fc_table_subject like, own = {.name = ""};
        if (!fc_accepts(w->score[i], isnan(w->opt->alike) ? INFINITY : w->opt->alike) || count++ >= NAMED)
            continue;
        s = fc_table_get_subject(w->t, w->person[w->nearest[i]], &like, err);
        if (!s && !w->cohort)
            s = fc_table_get_subject(w->t, w->person[w->look[i].image], &own, err);
        if (!s)
            fc_tell(w->opt->teller,
                    "warning: %s%.*s looks like %.*s (similarity %.2f): is it somebody who is enrolled?",
                    w->cohort ? w->cohort->image[w->look[i].image].path : "a photo of ", (int)own.length,
                    own.name, (int)like.length, like.name, w->score[i]);
    }
    if (!s && count > NAMED)
        fc_tell(w->opt->teller, "warning: %zu more that look like somebody who is enrolled", count - NAMED);
    return s;
}

/* ---- what is kept ---- */

static int by_hash(const void *a, const void *b)
{
    return memcmp(*(const char *const *)a, *(const char *const *)b, FC_SHA256_HEX - 1);
}

/* Of what the pictures hold, wherever they lie. */
static fc_status hash_cohort(const struct work *w, uint8_t out[32], fc_error *err)
{
    const char **hash = calloc(w->n, sizeof *hash);
    char *all = malloc(w->n * (FC_SHA256_HEX - 1) + 1), hex[FC_SHA256_HEX];
    const bool memory = hash && all;

    for (size_t i = 0; memory && i < w->n; i++)
        hash[i] = w->cohort->image[w->look[i].image].sha256;
    if (memory) {
        qsort(hash, w->n, sizeof *hash, by_hash);
        for (size_t i = 0; i < w->n; i++)
            memcpy(all + i * (FC_SHA256_HEX - 1), hash[i], FC_SHA256_HEX - 1);
        fc_sha256_hex(hex, all, w->n * (FC_SHA256_HEX - 1));
        fc_sha256_parse(out, hex);
    }
    free(hash);
    free(all);
    return memory ? FC_OK : fc_fail_nomem(err, w->n * FC_SHA256_HEX);
}

static fc_status keep(struct work *w, fc_calibration **out, fc_error *err)
{
    fc_calibration c = {.way = w->cohort ? FC_BY_COHORT : FC_BY_LEAVING_OUT,
                        .fuse = w->opt->fuse,
                        .fpir = w->opt->fpir,
                        .people = w->people,
                        .looks = w->n};
    fc_status s = w->cohort ? hash_cohort(w, c.cohort, err) : FC_OK;

    if (s)
        return s;
    strcpy(c.contract, w->g->info.contract);
    fc_sort(w->score, w->n);
    for (size_t i = 0; i < w->n / 2; i++) { /* falling */
        const double low = w->score[i];
        w->score[i] = w->score[w->n - 1 - i];
        w->score[w->n - 1 - i] = low;
    }
    if (!(*out = fc_calibration_new(&c, w->score)))
        return fc_fail_nomem(err, w->n * sizeof *w->score);
    return fc_gallery_set_calibration(w->g, *out, err);
}

static fc_status calibrate(struct work *w, const char *contract, fc_calibration **out, fc_error *err)
{
    const char *own = w->g->info.contract;
    fc_status s = FC_OK;

    if (w->cohort && *own && (strcmp(own, contract) || w->cohort->dim != w->g->info.dim))
        return fc_fail(err, FC_ECONTRACT, "%s holds embeddings of %s, and the cohort's are those of %s",
                       fc_gallery_path(w->g), own, contract);
    if ((s = read_people(w, err)) || (s = w->cohort ? take_cohort(w, err) : take_enrolled(w, err)) ||
        (s = search_all(w, err)) || (w->cohort && (s = refuse_enrolled(w, err))) || (s = tell_alike(w, err)))
        return s;
    return keep(w, out, err);
}

fc_status fc_gallery_calibrate(fc_gallery *g, const fc_templates *cohort, const char *contract,
                               const fc_calibrate_options *opt, fc_calibration **out, fc_error *err)
{
    struct work w = {.g = g, .cohort = cohort, .opt = opt};
    fc_status s = check_rate(opt->fpir, err);

    *out = NULL;
    if (!s)
        s = fc_gallery_begin(g, true, err);
    if (s)
        return s;
    s = calibrate(&w, contract, out, err);
    work_free(&w);
    if (!s)
        s = fc_gallery_commit(g, err);
    else
        fc_gallery_rollback(g);
    if (s) {
        free(*out);
        *out = NULL;
    }
    return s;
}

/* ---- thresholds ---- */

fc_fpir_point fc_calibration_at(const fc_calibration *c, double fpir)
{
    fc_fpir_point p = {.threshold = fc_threshold_of(c->score, c->looks, fc_allowed_above(fpir, c->looks)),
                       .enough = fc_shows_rate(c->looks, fpir)};

    while (p.named < c->looks && fc_accepts(c->score[p.named], p.threshold))
        p.named++;
    p.rate = (double)p.named / (double)c->looks;
    p.interval = fc_clopper_pearson(p.named, c->looks, FC_CONFIDENCE);
    return p;
}

static fc_status by_model(fc_threshold *out, const fc_model_facts *model, fc_error *err)
{
    if (model->curve.n) {
        out->source =
            fc_curve_threshold(&out->threshold, &model->curve, fc_fmr_for(out->fpir, out->comparisons))
                ? FC_THRESHOLD_CURVE
                : FC_THRESHOLD_CURVE_END;
        return FC_OK;
    }
    out->source = FC_THRESHOLD_MODEL;
    out->threshold = fc_decimal(model->threshold);
    return isnan(model->threshold) ? fc_fail(err, FC_EMODEL, "the model states no threshold") : FC_OK;
}

fc_status fc_threshold_choose(fc_threshold *out, const fc_calibration *c, const fc_model_facts *model,
                              fc_fuse fuse, uint64_t people, uint64_t photos, double fpir, fc_error *err)
{
    const bool fits = c && c->fuse == fuse;

    *out = (fc_threshold){.fpir = !isnan(fpir) ? fpir
                                  : fits       ? c->fpir
                                               : FC_DEFAULT_FPIR,
                          .people = people,
                          .comparisons = fc_fused_comparisons(fuse, people ? people : 1, photos),
                          .at.threshold = NAN,
                          .other_fuse = c && !fits};
    fc_status s = check_rate(out->fpir, err);
    if (s)
        return s;
    if (!fits)
        return by_model(out, model, err);
    out->source = FC_THRESHOLD_CALIBRATED;
    out->at = fc_calibration_at(c, out->fpir);
    out->threshold = out->at.threshold;
    out->grown = (double)people > GROWTH * (double)c->people;
    fc_threshold stricter = *out;
    if (!out->at.enough && !by_model(&stricter, model, NULL) && stricter.threshold > out->threshold)
        *out = stricter;
    return FC_OK;
}
