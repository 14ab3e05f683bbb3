#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/threads.h"
#include "gallery/alike.h"
#include "gallery/doubts.h"
#include "gallery/enrol_impl.h"

struct fc_enrolment {
    fc_enrolment_settings set;
    fc_face_options detect;
    fc_enrol_sources sources;
    fc_enrol_work work;
    fc_enrol_writer writer;
    size_t photos;
    bool ran;
};

static fc_status check_settings(const fc_enrolment_settings *set, fc_error *err)
{
    if (set->augment < 0 || set->augment > FC_ENROLMENT_MAX_VIEWS)
        return fc_fail(err, FC_EUSAGE, "%d views of a photo: want 0..%d", set->augment,
                       FC_ENROLMENT_MAX_VIEWS);
    if (set->augment && set->detect && set->detect->aligned)
        return fc_fail(err, FC_EUSAGE, "views are made of photos, not of crops");
    return FC_OK;
}

fc_status fc_enrolment_new(fc_enrolment **out, const fc_enrolment_settings *set, fc_error *err)
{
    const fc_face_options usual = FC_FACE_OPTIONS_DEFAULTS;
    fc_status s = check_settings(set, err);

    *out = NULL;
    if (s)
        return s;
    fc_enrolment *e = calloc(1, sizeof *e);
    if (!e)
        return fc_fail_nomem(err, sizeof *e);
    e->set = *set;
    e->detect = set->detect ? *set->detect : usual;
    if (!set->detect)
        e->detect.faces = FC_FACES_ONE;
    e->set.detect = &e->detect;
    fc_enrol_sources_init(&e->sources, &e->set);
    fc_enrol_work_init(&e->work, &e->set);
    e->sources.decoding = fc_enrol_work_decoding;
    e->sources.decoding_ctx = &e->work;
    *out = e;
    return FC_OK;
}

void fc_enrolment_free(fc_enrolment *e)
{
    if (!e)
        return;
    fc_enrol_work_clear(&e->work);
    fc_enrol_writer_close(&e->writer);
    fc_enrol_sources_clear(&e->sources);
    free(e);
}

/* ---- what is added ---- */

fc_status fc_enrolment_add_people(fc_enrolment *e, const char *dir, fc_error *err)
{
    return fc_enrol_sources_people(&e->sources, dir, err);
}

fc_status fc_enrolment_add_photos(fc_enrolment *e, const char *id, const char *path, fc_error *err)
{
    const fc_status s = fc_name_check(id, err);

    return s ? s : fc_enrol_sources_add(&e->sources, id, path, NULL, err);
}

fc_status fc_enrolment_add_source(fc_enrolment *e, const char *id, fc_source *in, fc_error *err)
{
    const fc_status s = id ? fc_name_check(id, err) : FC_OK;

    return s ? s : fc_enrol_sources_add(&e->sources, id, NULL, in, err);
}

/* ---- the loop ---- */

static fc_status read_photo(void *ctx, void **out, fc_error *err)
{
    fc_enrol_photo *p;
    const fc_status s = fc_enrol_sources_next(&((fc_enrolment *)ctx)->sources, &p, err);

    if (!s)
        *out = p;
    return s;
}

static fc_status work_on_photo(void *ctx, int worker, void *p, fc_error *err)
{
    return fc_enrol_work_on(&((fc_enrolment *)ctx)->work, worker, p, err);
}

static fc_status write_photo(void *ctx, void *photo, fc_error *err)
{
    fc_enrolment *e = ctx;
    fc_enrol_photo *p = photo;
    const fc_enrolment_progress progress = {++e->photos, p->people, e->sources.people};

    if (e->set.progress)
        e->set.progress(e->set.ctx, &progress);
    return fc_enrol_writer_put(&e->writer, p, err);
}

static void drop_photo(void *ctx, void *p)
{
    (void)ctx;
    fc_enrol_photo_free(p);
}

static void interrupt(void *ctx)
{
    fc_enrol_sources_interrupt(&((fc_enrolment *)ctx)->sources);
}

/* What came before a failure counts, whenever it was committed last. */
static fc_status run(fc_enrolment *e, fc_error *err)
{
    static const fc_pipeline pipeline = {.read = read_photo,
                                         .work = work_on_photo,
                                         .write = write_photo,
                                         .drop = drop_photo,
                                         .interrupt = interrupt};
    fc_enrol_writer *w = &e->writer;
    fc_error why;
    fc_status flushed = FC_OK;
    const fc_status s = fc_pipeline_run(&pipeline, e, e->work.jobs, &why);

    if (!s || (!w->ended && !w->whole))
        flushed = fc_enrol_writer_flush(w, err);
    if (flushed || !s || w->count.stopped)
        return flushed;
    return fc_fail(err, s, "%s", why.message);
}

fc_status fc_enrolment_run(fc_enrolment *e, fc_gallery *g, fc_enrolment_counts *count, fc_error *err)
{
    fc_gallery_info info;
    fc_status s = FC_OK;

    if (count)
        *count = (fc_enrolment_counts){0};
    if (e->ran)
        return fc_fail(err, FC_EUSAGE, "an enrolment runs once");
    e->ran = true;
    e->work.gallery = fc_gallery_path(g);
    s = fc_gallery_get_info(g, &info, err);
    if (!s) {
        memcpy(e->work.contract, info.contract, sizeof e->work.contract);
        s = fc_enrol_writer_open(&e->writer, &e->set, g, info.contract, err);
    }
    if (!s)
        s = run(e, err);
    if (count)
        *count = e->writer.count;
    return s;
}

/* ---- afterwards ---- */

fc_status fc_enrolment_alike(fc_enrolment *e, const fc_teller *tell, fc_error *err)
{
    return fc_alike_warn_in(e->writer.g, &e->writer.people, tell, err);
}

/* From where on two faces look the same, where the models tell. */
static fc_status threshold(fc_enrolment *e, double *out, fc_error *err)
{
    fc_error why;
    const fc_status s = fc_enrol_work_models(&e->work, &why);

    *out = NAN;
    if (s)
        return s == FC_EMISSING ? FC_OK : fc_fail(err, s, "%s", why.message);
    return fc_contract_threshold(out, e->writer.contract, e->work.models, err);
}

fc_status fc_enrolment_doubts(fc_enrolment *e, const fc_teller *tell, size_t *found, fc_error *err)
{
    double same;
    fc_status s;

    *found = 0;
    if (e->writer.added.n == 0)
        return FC_OK;
    fc_ids_sort(&e->writer.added);
    s = threshold(e, &same, err);
    return s ? s : fc_gallery_doubts(e->writer.g, &e->writer.added, same, tell, found, err);
}

/* ---- templates ---- */

fc_status fc_gallery_enrol(fc_gallery *g, const fc_templates *t, const char *contract, fc_error *err)
{
    fc_enrolment_counts count;
    fc_enrolment *e;
    fc_status s = fc_enrolment_new(&e, &(fc_enrolment_settings){.jobs = 1}, err);

    if (s)
        return s;
    e->sources.templates = t;
    e->sources.contract = contract;
    e->writer.whole = true;
    s = fc_enrolment_run(e, g, &count, err);
    if (!s && count.enrolled + count.known == 0)
        s = fc_fail(err, FC_EEMPTY, "nobody to enrol: of %zu pictures none has a template", t->n);
    fc_enrolment_free(e);
    return s;
}
