/* fc-eval compare: two models, or a model and a head on top of it, on the same pairs. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "eval.h"

/* The other side: templates of another model, or the first side's in a head's space. */
struct other {
    evaluation e; /* of its own model */
    struct eval_args args;
    fc_head *head;
    float *v; /* in the head's space, owned */
};

static void other_close(struct other *o)
{
    fc_head_free(o->head);
    free(o->v);
    evaluation_close(&o->e);
}

static fc_status check_args(const struct eval_args *a, fc_error *err)
{
    if (!a->root || !a->pairs)
        return fc_fail(err, FC_EUSAGE, "compare: wants --root DIR and --pairs FILE");
    if (a->models.n + (a->head != NULL) != 2)
        return fc_fail(err, FC_EUSAGE, "compare: want two models (-m A -m B), or one and --head HEAD");
    if (a->baseline)
        return fc_fail(err, FC_EUSAGE, "compare: --baseline is for one model (pairs)");
    return FC_OK;
}

static fc_status embed_otherwise(struct other *o, const evaluation *e, char *const *path, size_t n,
                                 fc_error *err)
{
    const fc_pipeline_plan plan = {
        .upto = FC_STAGE_EMBED, .model = e->args->models.text[1], .flip = e->args->flip};
    fc_status s;

    o->args = *e->args;
    o->args.model = plan.model;
    o->e = (evaluation){.program = e->program, .args = &o->args, .command = e->command, .input = e->input};
    s = evaluation_open(&o->e, &plan, err);
    return s ? s : eval_templates(&o->e, path, n, err);
}

static fc_status place_otherwise(struct other *o, const evaluation *e, fc_error *err)
{
    const char *contract = fc_stages_model(e->stages)->contract;
    fc_status s = fc_head_load(&o->head, e->args->head, err);

    if (s)
        return s;
    const fc_head_facts *f = fc_head_get_facts(o->head);
    if (strcmp(f->contract, contract) != 0)
        return fc_fail(err, FC_ECONTRACT, "%s: the head is of embeddings of %s, the model's are of %s",
                       e->args->head, f->contract, contract);
    if (f->type == FC_HEAD_MEAN || f->type == FC_HEAD_LINEAR)
        return fc_fail(err, FC_EDATA,
                       "%s: a head of type %s leaves embeddings as they are, so that there is nothing to "
                       "compare ('fc-eval identify --head %s' measures whom it says)",
                       e->args->head, fc_head_type_name(f->type), fc_head_type_name(f->type));
    o->e.set = e->set;
    o->e.set.dim = f->out;
    if (!(o->v = calloc(e->set.n * f->out + 1, sizeof *o->v)))
        return fc_fail_nomem(err, e->set.n * f->out * sizeof *o->v);
    o->e.set.v = o->v;
    for (size_t i = 0; !s && i < e->set.n; i++)
        if (e->set.picture[i].missing == FC_CAUSE_NONE)
            s = fc_head_place(o->head, e->set.v + i * f->dim, 1, o->v + i * f->out, err);
    return s;
}

static fc_status report_other(evaluation *e, const struct other *o, const fc_compare_name *name,
                              fc_error *err)
{
    json_t *other = json_object_get(o->e.report.json, "protocol"); /* NULL: a head's is the first side's */

    other = other ? json_incref(other) : json_pack("{s:s}", "head", name->name);
    if (other && o->head)
        json_object_set_new(other, "settings", json_loads(fc_head_get_facts(o->head)->settings, 0, NULL));
    return fc_report_set(&e->report, "protocol", "after", other, err);
}

/* What --worst and --html show of pairs. */
static void show_changed(evaluation *e)
{
    free(e->result->cases);
    e->result->cases = e->compare.changed;
    e->result->ncases = e->compare.nchanged;
    e->compare.changed = NULL;
}

static fc_status compare(evaluation *e, struct other *o, const fc_pairs *p, const char *hash, fc_error *err)
{
    const bool head = o->head != NULL;
    const fc_compare_name name[2] = {
        {e->args->model, fc_stages_model(e->stages)->contract},
        {head ? e->args->head : o->args.model,
         head ? fc_head_get_facts(o->head)->contract : fc_stages_model(o->e.stages)->contract}};
    fc_status s = fc_protocol_compare(&e->compare, &e->set, &o->e.set, p, err);

    if (!s)
        show_changed(e);
    if (!s)
        s = fc_report_compare(&e->report, &e->compare, name, hash, err);
    return s ? s : report_other(e, o, &name[1], err);
}

fc_status eval_compare(evaluation *e, fc_error *err)
{
    struct other o = {.head = NULL};
    fc_pairs p = {0};
    char hash[FC_SHA256_HEX], **path = NULL;
    fc_status s = check_args(e->args, err);

    e->result = &e->compare.side[0].pairs.common;
    if (!s && !(s = eval_read_pairs(e->args->root, e->args->pairs, &p, hash, &path, err)) &&
        !(s = eval_templates(e, path, p.nimages, err)) &&
        !(s = e->args->head ? place_otherwise(&o, e, err) : embed_otherwise(&o, e, path, p.nimages, err)))
        s = compare(e, &o, &p, hash, err);
    for (size_t i = 0; path && i < p.nimages; i++)
        free(path[i]);
    free(path);
    fc_pairs_clear(&p);
    other_close(&o);
    return s;
}
