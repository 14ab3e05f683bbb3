/* The tools' lines: /v1/detect, embed, match and identify. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "match/fuse_names.h"
#include "output.h"
#include "pipeline/record.h"
#include "serve.h"

/* What came of the items of a request. */
struct outcome {
    struct request *r;
    size_t items, failed, matches, faceless;
    bool noted; /* a tool would say more than its lines do */
    const char *stage;
    fc_error first; /* failure */
    /* of a match or an identification */
    const struct reference *ref;
    const struct comparison *compare;
    const struct people_how *how;
};

static void count(struct outcome *o, const fc_item *it)
{
    fc_error fault;
    const char *stage;

    o->items++;
    o->noted |= it->note || it->failed;
    if (!it->failed)
        return;
    serve_item_fault(it, &stage, &fault);
    if (!o->failed++) {
        o->first = fault;
        o->stage = stage;
    }
}

/* The request's answer: the lines, and the status of the first failure where all failed. */
static fc_status finish(struct outcome *o, bool decides, fc_error *err)
{
    fc_reply *reply = &o->r->reply;

    if (!o->items)
        return fc_fail(err, FC_EUSAGE, "no picture or record in the request");
    reply->type = "application/jsonl";
    reply->status = o->failed == o->items ? fc_reply_status(o->first.status, false) : 200;
    reply->exit = o->noted ? -1 : decides && !o->matches ? 1 : 0;
    return FC_OK;
}

static bool is_file(const fc_form_part *p)
{
    static const char *const names[] = {"file", "image", "probe", "sample", "reference"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(p->name, names[i]))
            return true;
    return p->file != NULL;
}

static fc_status each_file(struct outcome *o, int worker, const struct passage *how, const fc_form_part *but,
                           fc_status (*each)(void *ctx, fc_item *it, fc_error *err), fc_error *err)
{
    const fc_form *f = &o->r->form;
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < f->n; i++)
        if (&f->part[i] != but && is_file(&f->part[i]))
            s = serve_each_item(o->r, worker, &f->part[i], how, each, o, err);
    return s;
}

/* ---- records ---- */

static fc_status add_record(void *ctx, fc_item *it, fc_error *err)
{
    struct outcome *o = ctx;
    fc_status s;

    count(o, it);
    s = finish_json(NULL, it, err);
    return s ? s : fc_reply_add(&o->r->reply, it->text, it->text_size, err);
}

static fc_status records(struct request *r, int worker, fc_stage upto, const char **stage, fc_error *err)
{
    struct outcome o = {.r = r};
    struct passage how = {.upto = upto, .choice = (fc_face_choice)r->serve->args->detect.faces};
    fc_status s = fc_form_flag(&r->form, "timings", &how.timings, err);

    if (s)
        return s;
    s = each_file(&o, worker, &how, NULL, add_record, err);
    *stage = s && o.items ? "detect" : "request";
    return s ? s : finish(&o, false, err);
}

fc_status serve_detect(struct request *r, int worker, const char **stage, fc_error *err)
{
    return records(r, worker, FC_STAGE_DETECT, stage, err);
}

fc_status serve_embed(struct request *r, int worker, const char **stage, fc_error *err)
{
    return records(r, worker, FC_STAGE_EMBED, stage, err);
}

/* ---- match ---- */

static fc_status no_face(struct outcome *o, const char **stage, fc_error *err)
{
    if (!o->faceless || o->faceless + o->failed < o->items || o->r->reply.n)
        return FC_OK;
    *stage = "detect";
    return fc_fail(err, FC_EFACES, "no face in the picture");
}

static fc_status compare_item(void *ctx, fc_item *it, fc_error *err)
{
    struct outcome *o = ctx;
    const size_t n = fc_record_face_count(&it->rec);
    fc_status s = FC_OK;

    count(o, it);
    if (it->failed)
        return fc_reply_add_line(&o->r->reply, reference_failed(o->ref, it), err);
    o->faceless += n == 0;
    o->noted |= n == 0;
    for (size_t i = 0; !s && i < n; i++) {
        struct compared d;
        s = reference_compare(o->ref, o->compare, it, i, &d, err);
        if (s)
            break;
        o->matches += d.match;
        s = fc_reply_add_line(&o->r->reply, reference_line(o->ref, o->compare, it, i, &d), err);
    }
    return s;
}

static fc_status read_comparison(struct request *r, struct comparison *c, fc_error *err)
{
    bool untimed = false;
    double asked = NAN;
    fc_status s = fc_form_choice(&r->form, "metric", metric_names, &c->metric, err);

    if (!s)
        s = fc_form_real(&r->form, "threshold", -1, 2, &asked, err);
    if (!s)
        s = fc_form_flag(&r->form, "no-timings", &untimed, err);
    c->timings = !untimed;
    c->model = fc_stages_model(r->serve->stages);
    return s ? s
             : comparison_threshold(&c->threshold, asked, c->metric,
                                    fc_stages_model(r->serve->stages)->threshold, "threshold", err);
}

/* The reference's vector. */
static fc_status take_reference(struct request *r, int worker, const fc_form_part *file, bool timings,
                                struct reference *ref, bool *noted, const char **stage, fc_error *err)
{
    const struct passage how = {.upto = FC_STAGE_EMBED, .choice = FC_FACES_BEST, .timings = timings};
    fc_item *it;
    fc_status s = serve_one_item(r, worker, file, &how, &it, err);

    if (s)
        return s;
    char *path = NULL;
    (void)fc_record_get_path(&it->rec, &path, NULL);
    *noted = it->found > 1 || it->note;
    *stage = "detect";
    if (it->failed)
        serve_item_fault(it, stage, err);
    s = it->failed ? err->status : reference_take(ref, it, path ? path : it->in.path, err);
    free(path);
    fc_item_free(it);
    return s;
}

fc_status serve_match(struct request *r, int worker, const char **stage, fc_error *err)
{
    const fc_form_part *file = fc_form_find(&r->form, "reference");
    struct comparison c = {.metric = METRIC_COSINE};
    struct reference ref = {0};
    struct outcome o = {.r = r, .ref = &ref, .compare = &c};
    struct passage how = {.upto = FC_STAGE_EMBED, .choice = (fc_face_choice)r->serve->args->detect.faces};
    fc_status s =
        file ? read_comparison(r, &c, err) : fc_fail(err, FC_EUSAGE, "no file 'reference' in the request");

    if (s)
        return s;
    how.timings = c.timings;
    s = take_reference(r, worker, file, c.timings, &ref, &o.noted, stage, err);
    if (!s)
        s = each_file(&o, worker, &how, file, compare_item, err);
    if (!s) {
        *stage = "request";
        s = finish(&o, true, err);
    }
    if (!s)
        s = no_face(&o, stage, err);
    reference_clear(&ref);
    return s;
}

/* ---- identify ---- */

static fc_status name_item(void *ctx, fc_item *it, fc_error *err)
{
    struct outcome *o = ctx;
    const size_t n = fc_record_face_count(&it->rec);
    fc_status s;

    count(o, it);
    if (it->failed)
        return fc_reply_add_line(&o->r->reply, answer_failed(it), err);
    o->faceless += n == 0;
    o->noted |= n == 0;
    s = people_find(o->how, it, err);
    for (size_t i = 0; !s && i < n; i++) {
        fc_table_subject is = {0};
        bool known;
        json_t *line;
        s = people_who(o->how, it, i, &is, &known, err);
        if (!s)
            s = people_line(o->how, it, i, known ? &is : NULL, &line, err);
        if (s)
            break;
        o->matches += known;
        s = fc_reply_add_line(&o->r->reply, line, err);
    }
    return s;
}

static fc_status read_how(struct request *r, struct people_how *how, fc_error *err)
{
    const fc_form *f = &r->form;
    const struct people *p = how->people;
    double asked = NAN, fpir = NAN;
    bool untimed = false;
    int fuse = 0;
    fc_status s = fc_form_count(f, "candidates", 1, 1000, &how->identify.candidates, err);

    if (!s)
        s = fc_form_choice(f, "fuse", fc_fuse_names, &fuse, err);
    if (!s)
        s = fc_form_flag(f, "unique", &how->identify.unique, err);
    if (!s)
        s = fc_form_flag(f, "no-timings", &untimed, err);
    if (!s)
        s = fc_form_real(f, "threshold", -1, 1, &asked, err);
    if (!s)
        s = fc_form_real(f, "fpir", 0, 1, &fpir, err);
    how->timings = !untimed;
    how->identify.fuse = (fc_fuse)fuse;
    how->identify.threshold = fc_decimal(asked);
    how->chosen.threshold = NAN;
    if (s || !isnan(asked))
        return s;
    s = fc_threshold_choose(&how->chosen, p->calibration, fc_stages_model(r->serve->stages), (fc_fuse)fuse,
                            p->size.subjects, p->photos, fpir, err);
    how->identify.threshold = how->chosen.threshold;
    return s;
}

fc_status serve_identify(struct request *r, int worker, const char **stage, fc_error *err)
{
    struct shared_people *shared;
    struct people_how how = {.identify = {.candidates = 5}};
    struct outcome o = {.r = r, .how = &how};
    struct passage way = {.upto = FC_STAGE_EMBED, .choice = (fc_face_choice)r->serve->args->detect.faces};
    fc_status s = people_take(r->serve, &shared, err);

    *stage = "gallery";
    if (s)
        return s;
    how.people = &shared->people;
    *stage = "request";
    s = read_how(r, &how, err);
    way.timings = how.timings;
    if (!s)
        s = each_file(&o, worker, &way, NULL, name_item, err);
    if (!s)
        s = finish(&o, true, err);
    if (!s)
        s = no_face(&o, stage, err);
    people_give(r->serve, shared);
    return s;
}
