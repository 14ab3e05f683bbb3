#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/tell.h"
#include "gallery/enrol_impl.h"
#include "match/similarity.h"
#include "pipeline/item.h"
#include "pipeline/record.h"

enum { MOST_PENDING = 500 };
#define MOST_SECONDS 0.25 /* between commits, each of which waits for the disk */

fc_status fc_enrol_writer_open(fc_enrol_writer *w, const fc_enrolment_settings *set, fc_gallery *g,
                               const char *contract, fc_error *err)
{
    w->set = set;
    w->g = g;
    w->contract = strdup(contract);
    if (!w->contract)
        return fc_fail_nomem(err, strlen(contract) + 1);
    fc_gallery_info info;
    const fc_status s = fc_gallery_get_info(g, &info, err);
    w->dim = s ? 0 : info.dim;
    return s;
}

static void drop_pending(fc_enrol_writer *w)
{
    for (size_t i = 0; i < w->n; i++)
        fc_enrol_photo_free(w->pending[i]);
    w->n = 0;
}

void fc_enrol_writer_close(fc_enrol_writer *w)
{
    drop_pending(w);
    free(w->pending);
    free(w->contract);
    fc_ids_clear(&w->added);
    fc_ids_clear(&w->people);
}

/* ---- the gallery ---- */

static fc_status put_sample(fc_enrol_writer *w, fc_enrol_photo *p, size_t i, int64_t subject, fc_error *err)
{
    bool added;
    fc_sample sample = {.subject = subject,
                        .e = p->e + i * p->dim,
                        .dim = p->dim,
                        .contract = p->contract,
                        .source = p->path ? p->path : "",
                        .face = p->sample[i].face,
                        .view = p->sample[i].view,
                        .quality = p->sample[i].quality};

    memcpy(sample.content, p->content, sizeof sample.content);
    fc_status s = fc_gallery_put_sample(w->g, &sample, &added, err);
    if (!s && added)
        s = fc_ids_add(&w->added, sample.id, err);
    if (!s)
        p->added += added;
    return s;
}

static fc_status put_samples(fc_enrol_writer *w, fc_enrol_photo *p, fc_error *err)
{
    int64_t subject;
    fc_status s = fc_gallery_put_subject(w->g, p->id, &subject, err);

    if (!s)
        s = fc_ids_add(&w->people, subject, err);
    if (!s && w->set->meta)
        s = fc_gallery_set_meta(w->g, subject, w->set->meta, err);
    for (size_t i = 0; !s && i < p->n; i++)
        s = put_sample(w, p, i, subject, err);
    if (!s && p->added == 0)
        p->outcome = FC_KNOWN;
    return s;
}

/* What is stated of a person counts also where the photo is an old one. */
static fc_status put_meta(fc_enrol_writer *w, const fc_enrol_photo *p, fc_error *err)
{
    int64_t subject;
    fc_status s = fc_gallery_find(w->g, p->id, &subject, err);

    if (s)
        return s == FC_EMISSING ? FC_OK : s;
    return fc_gallery_set_meta(w->g, subject, w->set->meta, err);
}

static fc_status put_pending(fc_enrol_writer *w, fc_error *err)
{
    fc_status s = fc_gallery_begin(w->g, true, err);

    for (size_t i = 0; !s && i < w->n; i++) {
        fc_enrol_photo *p = w->pending[i];
        if (p->outcome == FC_ENROLLED)
            s = put_samples(w, p, err);
        else if (p->outcome == FC_KNOWN && w->set->meta)
            s = put_meta(w, p, err);
    }
    if (!s)
        return fc_gallery_commit(w->g, err);
    fc_gallery_rollback(w->g);
    return s;
}

/* Photos that were put are new again. */
static void take_back(fc_enrol_writer *w, size_t nadded)
{
    for (size_t i = 0; i < w->n; i++) {
        w->pending[i]->outcome = w->pending[i]->before;
        w->pending[i]->added = 0;
    }
    w->added.n = nadded;
}

/* Where another process makes the gallery while we do, it is put into theirs. */
static fc_status commit(fc_enrol_writer *w, fc_error *err)
{
    const size_t before = w->added.n;
    const bool new = fc_gallery_is_new(w->g);
    bool any = false;
    fc_status s;

    for (size_t i = 0; i < w->n; i++) {
        fc_enrol_photo *p = w->pending[i];
        p->before = p->outcome;
        any |= p->outcome == FC_ENROLLED || (w->set->meta && p->outcome == FC_KNOWN);
    }
    if (!any)
        return FC_OK;
    s = put_pending(w, err);
    if (s == FC_EIO && new && !fc_gallery_is_new(w->g)) {
        take_back(w, before);
        s = put_pending(w, err);
    }
    if (s)
        w->added.n = before;
    return s;
}

/* ---- who hears of it ---- */

/* Why the photo was refused: by whoever made its record, or here. */
static void take_reason(fc_enrolled *r, const fc_enrol_photo *p)
{
    const json_t *error = json_object_get(p->it->rec.json, "error");
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *message = json_string_value(json_object_get(error, "message"));

    r->refused_before = !p->it->failed_here;
    if (r->refused_before)
        fc_fail(&r->why, fc_status_named(code), "%s", message ? message : "");
    else
        r->why = p->it->fault;
}

static fc_status tell(fc_enrol_writer *w, const fc_enrol_photo *p, fc_error *err)
{
    const fc_enrolment_settings *set = w->set;
    fc_enrolled r = {.outcome = p->outcome, .id = p->id, .path = p->path};
    fc_status s = FC_OK;

    if (p->it) {
        r.note = p->it->note;
        r.record = &p->it->rec;
    }
    if (p->outcome == FC_ENROLLED)
        r.samples = p->added;
    if (p->outcome == FC_REFUSED)
        take_reason(&r, p);
    w->count.enrolled += p->outcome == FC_ENROLLED;
    w->count.known += p->outcome == FC_KNOWN;
    w->count.refused += p->outcome == FC_REFUSED;
    if (set->result)
        s = set->result(set->ctx, &r, err);
    if (p->outcome == FC_REFUSED && !r.refused_before)
        fc_tell(set->teller, "%s", r.why.message);
    if (r.note)
        fc_tell(set->teller, "%s", r.note);
    return s;
}

fc_status fc_enrol_writer_flush(fc_enrol_writer *w, fc_error *err)
{
    fc_status s = commit(w, err);

    w->committed = fc_now();
    for (size_t i = 0; !s && i < w->n; i++)
        s = tell(w, w->pending[i], err);
    drop_pending(w);
    if (!s && w->set->committed)
        s = w->set->committed(w->set->ctx, err);
    w->ended |= s != FC_OK;
    return s;
}

/* A fault with where the photo is from in front. */
static fc_status photo_broken(const fc_enrol_photo *p, const fc_error *fault, fc_error *err)
{
    return p->it ? fc_item_broken(p->it, fault, err)
                 : fc_fail(err, fault->status, "%s: %s", p->path, fault->message);
}

static fc_status check_directions(const fc_enrol_photo *p, fc_error *why)
{
    float e[FC_MAX_DIM];

    for (size_t i = 0; i < p->n; i++) {
        memcpy(e, p->e + i * p->dim, p->dim * sizeof *e);
        if (!fc_normalise(e, p->dim))
            return fc_fail(why, FC_EUSAGE, "an embedding without a direction (all zero, or not numbers)");
    }
    return FC_OK;
}

/* What the gallery would refuse with all photos that wait with this one. The first contract is the gallery's, from here on. */
static fc_status check_samples(fc_enrol_writer *w, const fc_enrol_photo *p, fc_error *err)
{
    const char *gallery = fc_gallery_path(w->g);
    fc_error why;
    fc_status s;

    if (p->outcome != FC_ENROLLED)
        return FC_OK;
    if (*w->contract && strcmp(w->contract, p->contract) != 0)
        s = fc_fail(&why, FC_ECONTRACT,
                    "an embedding of %s; %s holds those of %s, and they cannot be compared", p->contract,
                    gallery, w->contract);
    else if (w->dim && w->dim != p->dim)
        s = fc_fail(&why, FC_ECONTRACT, "an embedding of %zu numbers; %s holds those of %zu", p->dim, gallery,
                    w->dim);
    else
        s = check_directions(p, &why);
    if (s)
        return photo_broken(p, &why, err);
    w->dim = p->dim;
    if (*w->contract)
        return FC_OK;
    free(w->contract);
    w->contract = strdup(p->contract);
    return w->contract ? FC_OK : fc_fail_nomem(err, strlen(p->contract) + 1);
}

fc_status fc_enrol_writer_put(fc_enrol_writer *w, fc_enrol_photo *p, fc_error *err)
{
    const bool stop = p->outcome == FC_REFUSED && w->set->fail_fast;
    fc_status s = check_samples(w, p, err);

    if (!s)
        s = fc_grow(&w->pending, w->n + 1, &w->cap, sizeof *w->pending, err);
    if (s) {
        fc_enrol_photo_free(p);
        return s;
    }
    w->pending[w->n++] = p;
    if (!w->whole && (w->n == MOST_PENDING || fc_now() - w->committed >= MOST_SECONDS || stop))
        s = fc_enrol_writer_flush(w, err);
    if (!s && stop) {
        w->count.stopped = true;
        s = fc_fail(err, FC_END, "stopped at the first photo that was refused");
    }
    return s;
}
