#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/text.h"
#include "kernels/precision_names.h"
#include "models/align_mode_names.h"
#include "models/fusion.h"
#include "models/models_yaml.h"

/* Nodes are made by functions that return 0 when memory is out, which all that take a node pass on. */

static int text(yaml_document_t *d, const char *s)
{
    return yaml_document_add_scalar(d, NULL, (const yaml_char_t *)s, (int)strlen(s), YAML_PLAIN_SCALAR_STYLE);
}

static int number(yaml_document_t *d, double v)
{
    char s[FC_NUMBER_SIZE];

    if (v == floor(v) && fabs(v) < 1e9)
        snprintf(s, sizeof s, "%d", (int)v);
    else
        fc_text_number(s, v);
    return text(d, s);
}

static int map(yaml_document_t *d)
{
    return yaml_document_add_mapping(d, NULL, YAML_BLOCK_MAPPING_STYLE);
}

static bool pair(yaml_document_t *d, int to, const char *key, int value)
{
    int k = text(d, key);
    return to && k && value && yaml_document_append_mapping_pair(d, to, k, value);
}

/* Nothing where s is NULL. */
static bool text_pair(yaml_document_t *d, int to, const char *key, const char *s)
{
    return !s || pair(d, to, key, text(d, s));
}

static bool append(yaml_document_t *d, int to, int item)
{
    return item && yaml_document_append_sequence_item(d, to, item);
}

static int rgb(yaml_document_t *d, const double v[3])
{
    if (v[0] == v[1] && v[1] == v[2])
        return number(d, v[0]);
    int list = yaml_document_add_sequence(d, NULL, YAML_FLOW_SEQUENCE_STYLE);
    for (int i = 0; i < 3 && list; i++) {
        if (!append(d, list, number(d, v[i])))
            return 0;
    }
    return list;
}

static int alignment(yaml_document_t *d, const fc_alignment *a)
{
    int to = map(d);
    bool ok =
        text_pair(d, to, "mode", fc_align_mode_names[a->mode]) && pair(d, to, "margin", number(d, a->margin));
    return ok ? to : 0;
}

static int normalisation(yaml_document_t *d, const fc_model *m)
{
    int to = map(d);
    return pair(d, to, "mean", rgb(d, m->mean)) && pair(d, to, "scale", rgb(d, m->scale)) ? to : 0;
}

static int threshold(yaml_document_t *d, double cosine, const char *meaning)
{
    int to = map(d);
    return pair(d, to, "cosine", number(d, cosine)) && text_pair(d, to, "meaning", meaning) ? to : 0;
}

static int curve(yaml_document_t *d, const fc_fmr_curve *c)
{
    int to = map(d), list = yaml_document_add_sequence(d, NULL, YAML_FLOW_SEQUENCE_STYLE);
    bool ok = list && pair(d, to, "pairs", number(d, (double)c->pairs));

    for (size_t i = 0; ok && i < c->n; i++) {
        int point = yaml_document_add_sequence(d, NULL, YAML_FLOW_SEQUENCE_STYLE);
        ok = point && append(d, point, number(d, c->point[i].fmr)) &&
             append(d, point, number(d, c->point[i].threshold)) && append(d, list, point);
    }
    return ok && pair(d, to, "thresholds", list) ? to : 0;
}

static int lfw(yaml_document_t *d, const fc_model *m)
{
    int to = map(d);
    bool ok = pair(d, to, FC_PRECISION_NAME_FP32, number(d, m->lfw_fp32)) &&
              pair(d, to, FC_PRECISION_NAME_BF16, number(d, m->lfw_bf16)) &&
              (isnan(m->bf16_similarity) || pair(d, to, "similarity", number(d, m->bf16_similarity)));
    return ok ? to : 0;
}

static int source(yaml_document_t *d, const fc_model_source *s)
{
    int to = map(d);
    bool ok = text_pair(d, to, "package", s->package) && text_pair(d, to, "version", s->version) &&
              text_pair(d, to, "file", s->file) && text_pair(d, to, "sha256", s->sha256) &&
              text_pair(d, to, "url", s->url) && text_pair(d, to, "licence", s->licence);
    return ok ? to : 0;
}

static int model(yaml_document_t *d, const fc_model *m)
{
    const char *slash = m->path ? strrchr(m->path, '/') : NULL;
    bool embed = strcmp(m->task, "embed") == 0;
    int to = map(d);
    bool ok =
        text_pair(d, to, "name", m->name) && text_pair(d, to, "file", slash ? slash + 1 : m->path) &&
        text_pair(d, to, "sha256", m->sha256) && text_pair(d, to, "arch", m->arch) &&
        text_pair(d, to, "task", m->task) &&
        pair(d, to, "input", m->input ? number(d, m->input) : text(d, "any")) &&
        (!embed || pair(d, to, "alignment", alignment(d, &m->alignment))) &&
        pair(d, to, "normalisation", normalisation(d, m)) &&
        (!embed || pair(d, to, "dim", number(d, m->dim))) &&
        (isnan(m->threshold) || pair(d, to, "threshold", threshold(d, m->threshold, m->threshold_meaning))) &&
        (!m->curve.n || pair(d, to, "false_matches", curve(d, &m->curve))) &&
        (isnan(m->lfw_fp32) || pair(d, to, "lfw", lfw(d, m))) &&
        (!m->source.licence || pair(d, to, "source", source(d, &m->source)));
    return ok ? to : 0;
}

static int fusion(yaml_document_t *d, const fc_fusion *f)
{
    int to = map(d), models = yaml_document_add_sequence(d, NULL, YAML_FLOW_SEQUENCE_STYLE),
        contracts = yaml_document_add_sequence(d, NULL, YAML_FLOW_SEQUENCE_STYLE),
        weights = yaml_document_add_sequence(d, NULL, YAML_FLOW_SEQUENCE_STYLE);
    bool ok = models && contracts && weights;

    for (int i = 0; ok && i < FC_FUSED; i++)
        ok = append(d, models, text(d, f->model[i])) && append(d, contracts, text(d, f->contract[i])) &&
             append(d, weights, number(d, f->weight[i]));
    ok = ok && pair(d, to, "models", models) && pair(d, to, "contracts", contracts) &&
         pair(d, to, "weights", weights) &&
         pair(d, to, "threshold", threshold(d, f->threshold, f->threshold_meaning)) &&
         (!f->curve.n || pair(d, to, "false_matches", curve(d, &f->curve)));
    return ok ? to : 0;
}

/* A list of models, or of fusions. */
struct listed {
    const fc_model *const *model;
    const fc_fusion *const *fusion; /* NULL: models */
    size_t n;
};

static bool fill(yaml_document_t *d, const struct listed *l)
{
    int root = map(d), list;

    if (!pair(d, root, "version", number(d, 1)) ||
        !(list = yaml_document_add_sequence(d, NULL, YAML_BLOCK_SEQUENCE_STYLE)))
        return false;
    for (size_t i = 0; i < l->n; i++)
        if (!append(d, list, l->fusion ? fusion(d, l->fusion[i]) : model(d, l->model[i])))
            return false;
    return pair(d, root, l->fusion ? "fusions" : "models", list);
}

/* Deletes d, which filled says is as it should be. */
static fc_status emit(yaml_document_t *d, bool filled, FILE *f, fc_error *err)
{
    yaml_emitter_t e;
    fc_status s = FC_OK;

    if (!yaml_emitter_initialize(&e)) {
        yaml_document_delete(d);
        return fc_fail_nomem(err, sizeof e);
    }
    yaml_emitter_set_output_file(&e, f);
    yaml_emitter_set_width(&e, -1);
    yaml_emitter_set_unicode(&e, 1);
    if (!filled) {
        yaml_document_delete(d);
        s = fc_fail_nomem(err, sizeof(fc_model));
    } else if (!yaml_emitter_dump(&e, d) || !yaml_emitter_close(&e)) {
        s = fc_fail(err, FC_EIO, "models.yaml: %s", e.problem ? e.problem : "cannot be written");
    }
    yaml_emitter_delete(&e);
    return s;
}

/* dir/name, atomically. */
static fc_status write_list(const struct listed *l, const char *dir, const char *name, fc_error *err)
{
    fc_atomic_file a = {0};
    yaml_document_t d;
    char *path = fc_folder_join(dir, name);
    fc_status s;

    if (!path)
        return fc_fail_nomem(err, strlen(dir) + 1);
    s = fc_atomic_open(&a, path, err);
    if (s)
        goto out;
    s = yaml_document_initialize(&d, NULL, NULL, NULL, 1, 1) ? emit(&d, fill(&d, l), a.f, err)
                                                             : fc_fail_nomem(err, sizeof d);
    if (!s)
        s = fc_atomic_commit(&a, err);
out:
    fc_atomic_discard(&a);
    free(path);
    return s;
}

fc_status fc_models_yaml_write(const fc_model *const *list, size_t n, const char *dir, fc_error *err)
{
    return write_list(&(struct listed){.model = list, .n = n}, dir, FC_MODELS_YAML, err);
}

fc_status fc_fusions_yaml_write(const fc_fusion *const *list, size_t n, const char *dir, fc_error *err)
{
    return write_list(&(struct listed){.fusion = list, .n = n}, dir, FC_FUSIONS_YAML, err);
}

fc_status fc_model_yaml_text(char **out, const fc_model *m, fc_error *err)
{
    fc_model own = *m;
    fc_text_file t;
    yaml_document_t d;
    fc_status s = fc_text_open(&t, err);

    *out = NULL;
    if (s)
        return s;
    own.path = own.sha256 = NULL;
    s = yaml_document_initialize(&d, NULL, NULL, NULL, 1, 1) ? emit(&d, model(&d, &own), t.f, err)
                                                             : fc_fail_nomem(err, sizeof d);
    const fc_status closed = fc_text_close(&t, s ? NULL : err);
    if (!s)
        s = closed;
    if (s)
        free(t.data);
    else
        *out = t.data;
    return s;
}
