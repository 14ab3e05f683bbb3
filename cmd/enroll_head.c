#include "enroll_head.h"

#include <string.h>

#include "base/error.h"
#include "base/outputs.h"
#include "base/threads.h"
#include "gallery.h"
#include "head.h"
#include "labelled.h"
#include "say.h"

fc_status enroll_head_open(fc_head **out, const char *path, const fc_gallery *g, const char *contract,
                           bool plain, fc_error *err)
{
    fc_status s = gallery_may_leave(g, plain, "the head", err);

    *out = NULL;
    if (s)
        return s;
    fc_outputs_renew(path);
    if ((s = fc_head_load(out, path, err)))
        return s;
    const fc_head_facts *f = fc_head_get_facts(*out);
    if (*contract && strcmp(contract, f->contract) != 0)
        return fc_fail(err, FC_ECONTRACT, "%s: the head is of embeddings of %s, the gallery of %s", path,
                       f->contract, contract);
    if (f->background)
        return fc_fail(err, FC_EDATA,
                       "%s: it has a class of strangers, whose photos it takes to train it again "
                       "(fc-head-train --update --negatives)",
                       path);
    return FC_OK;
}

/* Whether these samples, of a gallery of that state, are what the head was trained on. */
static bool is_current(const fc_head *h, const fc_labelled *l, const char *state)
{
    size_t people = 0;

    if (strcmp(fc_head_get_facts(h)->gallery, state) != 0)
        return false;
    for (size_t i = 0; i < fc_labelled_people(l); i++) {
        const char *name = fc_labelled_name(l, i);
        if (!fc_labelled_samples(l, i))
            continue;
        if (fc_head_find(h, name, strlen(name)) == SIZE_MAX)
            return false;
        people++;
    }
    return people == fc_head_get_facts(h)->people;
}

static void tell(const char *path, const fc_head *h, const fc_head_report *r)
{
    const fc_head_facts *f = fc_head_get_facts(h);
    const char *type = fc_head_type_name(f->type);

    if (*r->course.stopped)
        say("%s: %s; the head is that of the last good epoch, %zu", path, r->course.stopped,
            r->course.epochs);
    if (f->type == FC_HEAD_MEAN) /* nobody's answer depends on others */
        note("%s: %s, %zu people", path, type, r->people);
    else
        note("%s: %s, %zu people; of %zu samples of people known before %zu get another answer (%.2f %%)",
             path, type, r->people, r->asked, r->changed,
             r->asked ? 100 * (double)r->changed / (double)r->asked : 0.0);
}

static fc_status train(const fc_head_input *in, const char *path, int jobs, bool shown, bool *partly,
                       fc_error *err)
{
    struct head_log log = head_log_of(NULL, shown, false);
    const fc_head_work work = {.workers = fc_jobs(jobs), .progress = head_log_epoch, .ctx = &log};
    fc_head_settings settings;
    fc_head_report report;
    fc_head *h = NULL;
    fc_status s = fc_head_settings_of(&settings, in->old, err);

    if (s)
        return s;
    s = fc_head_train(&h, &report, in, &settings, &work, err);
    (void)head_log_close(&log, NULL); /* it has no file */
    if (!s)
        s = fc_head_save(h, path, err);
    if (!s) {
        *partly = *report.course.stopped;
        tell(path, h, &report);
    }
    fc_head_free(h);
    return s;
}

fc_status enroll_head_update(const fc_head *old, const char *path, fc_gallery *g, int jobs, bool shown,
                             bool *partly, fc_error *err)
{
    char state[33];
    fc_labelled *l;
    fc_status s = fc_labelled_new(&l, err);

    *partly = false;
    if (!s && !fc_gallery_is_new(g) && !(s = labelled_of_gallery(l, g, state, err)) &&
        !is_current(old, l, state))
        s = train(&(fc_head_input){.samples = l, .old = old, .gallery = state}, path, jobs, shown, partly,
                  err);
    fc_labelled_free(l);
    return s;
}
