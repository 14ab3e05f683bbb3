/* Whether two people are told apart as well as before. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/stats.h"
#include "eval_pairs.h"
#include "finetune.h"
#include "items.h"
#include "say.h"

/* What a model makes of the list. */
struct answers {
    fc_templates t;
    fc_eval_picture *picture; /* owned */
    fc_pairs_result r;
};

static void answers_clear(struct answers *a)
{
    fc_templates_clear(&a->t);
    fc_pairs_result_clear(&a->r);
    free(a->picture);
}

static fc_status make_templates(struct answers *a, const struct finetune_checking *c, const char *model,
                                char *const *path, size_t n, fc_error *err)
{
    const fc_pipeline_plan plan = {.upto = FC_STAGE_EMBED,
                                   .models = c->models,
                                   .engine = c->engine,
                                   .detect = c->detect,
                                   .model = model};
    picture_progress shown = {progress_begin(c->shown), n};
    fc_stages *stages;
    fc_status s = fc_stages_new(&stages, &plan, c->jobs, err);

    if (s)
        return s;
    const fc_template_job job = {.stages = stages,
                                 .path = path,
                                 .n = n,
                                 .choice = (fc_face_choice)c->detect->faces,
                                 .jobs = c->jobs,
                                 .teller = NULL, /* what has no face is a wrong answer, before as after */
                                 .progress = show_pictures,
                                 .ctx = &shown};
    s = fc_templates_make(&a->t, &job, err);
    progress_clear();
    fc_stages_free(stages);
    return s;
}

static fc_status answer(struct answers *a, const struct finetune_checking *c, const char *model,
                        const fc_pairs *p, char *const *path, fc_error *err)
{
    fc_status s = make_templates(a, c, model, path, p->nimages, err);

    if (s)
        return s;
    if (!(a->picture = calloc(a->t.n + 1, sizeof *a->picture)))
        return fc_fail_nomem(err, a->t.n * sizeof *a->picture);
    for (size_t i = 0; i < a->t.n; i++) {
        const fc_template_image *im = &a->t.image[i];
        a->picture[i] = (fc_eval_picture){
            .path = im->path, .missing = (fc_eval_cause)im->state, .found = im->found, .face = im->face};
    }
    const fc_eval_set set = {
        .picture = a->picture, .v = a->t.v, .n = a->t.n, .dim = a->t.dim, .workers = c->jobs};
    return fc_protocol_pairs(&a->r, &set, p, err);
}

/* n 0: no face had an embedding any more. */
static struct finetune_figures figures_of(const fc_pairs_result *r)
{
    if (!r->folds.n)
        return (struct finetune_figures){0, 0};
    return (struct finetune_figures){r->folds.mean, r->point[1].shown ? r->point[1].at.tar : -1};
}

static void compare(struct finetune_checked *out, const fc_pairs_result *before, const fc_pairs_result *after)
{
    out->pairs = before->n;
    out->before = figures_of(before);
    out->after = figures_of(after);
    for (size_t i = 0; i < before->n; i++) {
        const bool right = after->folds.n && after->common.right[i];
        out->worse += before->common.right[i] && !right;
        out->better += !before->common.right[i] && right;
    }
    out->p = fc_mcnemar(out->worse, out->better);
}

static void drop_pairs(fc_pairs *p, char **path)
{
    for (size_t i = 0; path && i < p->nimages; i++)
        free(path[i]);
    free(path);
    fc_pairs_clear(p);
}

fc_status finetune_check_list(const char *root, const char *list, fc_error *err)
{
    char hash[FC_SHA256_HEX], **path = NULL;
    fc_pairs p = {0};
    const fc_status s = eval_read_pairs(root, list, &p, hash, &path, err);

    drop_pairs(&p, path);
    return s;
}

fc_status finetune_check(struct finetune_checked *out, const struct finetune_checking *c, fc_error *err)
{
    char hash[FC_SHA256_HEX], **path = NULL;
    struct answers before = {.picture = NULL}, after = {.picture = NULL};
    fc_pairs p = {0};
    fc_status s = eval_read_pairs(c->root, c->pairs, &p, hash, &path, err);

    *out = (struct finetune_checked){0};
    if (!s)
        s = answer(&before, c, c->before, &p, path, err);
    if (!s && c->after) {
        s = answer(&after, c, c->after, &p, path, err);
        s = s == FC_EDATA ? FC_OK : s; /* what has no score is wrong */
    }
    if (!s)
        compare(out, &before.r, c->after ? &after.r : &before.r);
    drop_pairs(&p, path);
    answers_clear(&before);
    answers_clear(&after);
    return s;
}
