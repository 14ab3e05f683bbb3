#include "models/models_yaml.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/text.h"
#include "kernels/precision_names.h"
#include "models/align_mode_names.h"
#include "models/yaml_keys.h"

#define MAX_INPUT 4096

/* ---- values ----------------------------------------------------------------------------------------- */

static fc_status read_file(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    char **out = to;
    fc_status s = fc_yaml_text(y, v, to);
    if (!s && (strchr(*out, '/') || (*out)[0] == '.' || !strcmp(*out, FC_MODELS_YAML)))
        return fc_yaml_fault(y, v, "file '%s': want the name of a model's file in the same folder", *out);
    return s;
}

static fc_status read_hash(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    char **out = to;
    fc_status s = fc_yaml_text(y, v, to);
    if (!s && (strlen(*out) != FC_SHA256_HEX - 1 || strspn(*out, "0123456789abcdef") != FC_SHA256_HEX - 1))
        return fc_yaml_fault(y, v, "sha256: want 64 hexadecimal digits in lower case");
    return s;
}

static fc_status read_input(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    if (fc_yaml_is(v, "any")) {
        *(int *)to = 0;
        return FC_OK;
    }
    return fc_yaml_int(y, v, 1, MAX_INPUT, to);
}

static fc_status read_dim(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    return fc_yaml_int(y, v, 1, FC_MAX_DIM, to);
}

static fc_status read_margin(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    return fc_yaml_int(y, v, 0, MAX_INPUT, to);
}

static fc_status read_mode(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    fc_align_mode *out = to;

    for (int i = 0; fc_align_mode_names[i]; i++)
        if (fc_yaml_is(v, fc_align_mode_names[i])) {
            *out = (fc_align_mode)i;
            return FC_OK;
        }
    return fc_yaml_fault(y, v, "alignment mode: want " FC_NAMES_OR(FC_ALIGN_MODES));
}

static fc_status read_task(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    if (!fc_yaml_is(v, "detect") && !fc_yaml_is(v, "embed"))
        return fc_yaml_fault(y, v, "task: want detect or embed");
    return fc_yaml_text(y, v, to);
}

static fc_status read_percent(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    double *out = to;
    fc_status s = fc_yaml_number(y, v, to);
    if (!s && (*out < 0 || *out > 100))
        return fc_yaml_fault(y, v, "want a percentage, 0 to 100");
    return s;
}

/* One number for all three channels, or a list of three. */
static fc_status read_rgb(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    double *out = to;
    fc_status s = FC_OK;

    if (v->type != YAML_SEQUENCE_NODE) {
        s = fc_yaml_number(y, v, &out[0]);
        out[1] = out[2] = out[0];
        return s;
    }
    if (v->data.sequence.items.top - v->data.sequence.items.start != 3)
        return fc_yaml_fault(y, v, "want one number, or three for red, green and blue");
    for (int i = 0; i < 3 && !s; i++)
        s = fc_yaml_number(y, yaml_document_get_node(&y->doc, v->data.sequence.items.start[i]), &out[i]);
    return s;
}

/* Of 8-bit values. One far from all of them would make all pictures alike in float32, and so all people. */
static fc_status read_mean(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    const double *mean = to;
    fc_status s = read_rgb(y, v, to);

    for (int i = 0; i < 3 && !s; i++)
        if (!(fabs(mean[i]) <= 255))
            s = fc_yaml_fault(y, v, "mean: want a number of -255 to 255");
    return s;
}

/* 0 would make all pictures alike, too. */
static fc_status read_scale(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    const double *scale = to;
    fc_status s = read_rgb(y, v, to);

    for (int i = 0; i < 3 && !s; i++)
        if (!(fabs(scale[i]) >= 1e-6 && fabs(scale[i]) <= 1e6))
            s = fc_yaml_fault(y, v, "scale: want a number of 1e-6 to 1e6");
    return s;
}

#define COUNT(a) (sizeof(a) / sizeof *(a))

static fc_status read_alignment(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    static const fc_yaml_key keys[] = {{"mode", read_mode, offsetof(fc_alignment, mode), true},
                                       {"margin", read_margin, offsetof(fc_alignment, margin), false}};
    return fc_yaml_map(y, v, "alignment", keys, COUNT(keys), to);
}

static fc_status read_normalisation(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    static const fc_yaml_key keys[] = {{"mean", read_mean, offsetof(fc_model, mean), true},
                                       {"scale", read_scale, offsetof(fc_model, scale), true}};
    return fc_yaml_map(y, v, "normalisation", keys, COUNT(keys), to);
}

static fc_status read_threshold(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    static const fc_yaml_key keys[] = {
        {"cosine", fc_yaml_cosine, offsetof(fc_model, threshold), true},
        {"meaning", fc_yaml_text, offsetof(fc_model, threshold_meaning), false}};
    return fc_yaml_map(y, v, "threshold", keys, COUNT(keys), to);
}

static fc_status read_lfw(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    static const fc_yaml_key keys[] = {
        {FC_PRECISION_NAME_FP32, read_percent, offsetof(fc_model, lfw_fp32), true},
        {FC_PRECISION_NAME_BF16, read_percent, offsetof(fc_model, lfw_bf16), true},
        {"similarity", fc_yaml_cosine, offsetof(fc_model, bf16_similarity), false}};
    return fc_yaml_map(y, v, "lfw", keys, COUNT(keys), to);
}

static fc_status read_source(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    static const fc_yaml_key keys[] = {{"package", fc_yaml_text, offsetof(fc_model_source, package), false},
                                       {"version", fc_yaml_text, offsetof(fc_model_source, version), false},
                                       {"file", fc_yaml_text, offsetof(fc_model_source, file), false},
                                       {"sha256", read_hash, offsetof(fc_model_source, sha256), false},
                                       {"url", fc_yaml_text, offsetof(fc_model_source, url), false},
                                       {"licence", fc_yaml_text, offsetof(fc_model_source, licence), true}};
    return fc_yaml_map(y, v, "source", keys, COUNT(keys), to);
}

/* ---- a model ---------------------------------------------------------------------------------------- */

void fc_model_free(fc_model *m)
{
    if (!m)
        return;
    free(m->name);
    free(m->arch);
    free(m->dir);
    free(m->path);
    free(m->sha256);
    free(m->task);
    free(m->threshold_meaning);
    free(m->source.package);
    free(m->source.version);
    free(m->source.file);
    free(m->source.licence);
    free(m->source.url);
    free(m->source.sha256);
    free(m);
}

static fc_model *model_new(void)
{
    fc_model *m = calloc(1, sizeof *m);
    if (m)
        m->threshold = m->lfw_fp32 = m->lfw_bf16 = m->bf16_similarity = NAN;
    return m;
}

/* What follows from the keys, and what must not contradict itself. m->path is still the bare name of the
 * file. */
static fc_status finish(fc_yaml_source *y, const yaml_node_t *node, fc_model *m, bool own)
{
    bool embed = strcmp(m->task, "embed") == 0;

    /* Differences of decimals such as 99.25 and 99.15 are not exact. */
    m->bf16_ok = fabs(m->lfw_fp32 - m->lfw_bf16) <= 0.1 + 1e-9;
    m->alignment.size = embed ? m->input : 0;
    if (!embed && m->dim)
        return fc_yaml_fault(y, node, "dim is for task embed");
    if (embed && m->input == 0)
        return fc_yaml_fault(y, node, "task embed: want an input of a fixed size");
    if (embed && !own && m->dim == 0)
        return fc_yaml_fault(y, node, "task embed: no 'dim'");
    return FC_OK;
}

/* own: beside the user's own file, where less is required. */
static fc_status read_model(fc_yaml_source *y, const yaml_node_t *node, bool own, fc_model *m)
{
    const fc_yaml_key keys[] = {{"name", fc_yaml_name, offsetof(fc_model, name), !own},
                                {"file", read_file, offsetof(fc_model, path), !own},
                                {"sha256", read_hash, offsetof(fc_model, sha256), false},
                                {"arch", fc_yaml_text, offsetof(fc_model, arch), !own},
                                {"task", read_task, offsetof(fc_model, task), !own},
                                {"input", read_input, offsetof(fc_model, input), true},
                                {"alignment", read_alignment, offsetof(fc_model, alignment), own},
                                {"normalisation", read_normalisation, 0, true},
                                {"dim", read_dim, offsetof(fc_model, dim), false},
                                {"threshold", read_threshold, 0, false},
                                {"false_matches", fc_yaml_false_matches, offsetof(fc_model, curve), false},
                                {"lfw", read_lfw, 0, false},
                                {"source", read_source, offsetof(fc_model, source), !own}};
    fc_status s = fc_yaml_map(y, node, "model", keys, COUNT(keys), m);

    if (s)
        return s;
    if (!m->task && !(m->task = strdup("embed")))
        return fc_fail_nomem(y->err, sizeof "embed");
    return finish(y, node, m, own);
}

typedef struct manifest {
    const char *dir;
    int version;
    fc_model **list;
    size_t n;
} manifest;

static fc_status read_models(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    manifest *f = to;

    if (v->type != YAML_SEQUENCE_NODE)
        return fc_yaml_fault(y, v, "models: want a list");
    size_t count = (size_t)(v->data.sequence.items.top - v->data.sequence.items.start);
    f->list = calloc(count + 1, sizeof *f->list);
    if (!f->list)
        return fc_fail_nomem(y->err, (count + 1) * sizeof *f->list);
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *node = yaml_document_get_node(&y->doc, v->data.sequence.items.start[i]);
        fc_model *m = f->list[f->n] = model_new();
        if (!m)
            return fc_fail_nomem(y->err, sizeof *m);
        f->n++;
        fc_status s = read_model(y, node, false, m);
        if (s)
            return s;
        for (size_t k = 0; k < i; k++)
            if (strcmp(f->list[k]->name, m->name) == 0)
                return fc_yaml_fault(y, node, "model '%s' twice", m->name);
        char *file = m->path;
        m->path = fc_folder_join(f->dir, file);
        free(file);
        m->dir = strdup(f->dir);
        if (!m->path || !m->dir)
            return fc_fail_nomem(y->err, strlen(f->dir) + 1);
    }
    return FC_OK;
}

fc_status fc_models_yaml_read(fc_model ***list, size_t *n, const char *dir, fc_error *err)
{
    static const fc_yaml_key keys[] = {{"version", fc_yaml_version, offsetof(manifest, version), true},
                                       {"models", read_models, 0, true}};
    manifest f = {.dir = dir};
    fc_yaml_source y;
    char *path = fc_folder_join(dir, FC_MODELS_YAML);
    fc_status s = path ? fc_yaml_open(&y, path, err) : fc_fail_nomem(err, strlen(dir) + 1);

    *list = NULL;
    *n = 0;
    if (s)
        goto out;
    s = fc_yaml_map(&y, yaml_document_get_root_node(&y.doc), "file", keys, COUNT(keys), &f);
    fc_yaml_close(&y);
    if (s) {
        for (size_t i = 0; i < f.n; i++)
            fc_model_free(f.list[i]);
        free(f.list);
        goto out;
    }
    *list = f.list;
    *n = f.n;
out:
    free(path);
    return s;
}

/* Name and place of a user's own file, where its YAML does not state them. */
static fc_status place(fc_model *m, const char *path, fc_error *err)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');

    if (m->path && strcmp(m->path, base) != 0)
        return fc_fail(err, FC_EMODEL, "%s: the YAML beside it is of '%s'", path, m->path);
    free(m->path);
    m->path = strdup(path);
    m->dir = slash ? strndup(path, (size_t)(slash - path) + (slash == path)) : strdup(".");
    if (!m->name)
        m->name = dot ? strndup(base, (size_t)(dot - base)) : strdup(base);
    return m->path && m->dir && m->name ? FC_OK : fc_fail_nomem(err, strlen(path) + 1);
}

/* Of the model's file path. What was opened is closed. */
static fc_status read_own(fc_model **out, fc_yaml_source *y, const char *path, fc_error *err)
{
    fc_model *m = model_new();
    fc_status s =
        m ? read_model(y, yaml_document_get_root_node(&y->doc), true, m) : fc_fail_nomem(err, sizeof *m);

    fc_yaml_close(y);
    if (!s)
        s = place(m, path, err);
    if (s) {
        fc_model_free(m);
        return s;
    }
    *out = m;
    return FC_OK;
}

fc_status fc_model_yaml_read(fc_model **out, const char *path, fc_error *err)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    size_t stem = dot ? (size_t)(dot - path) : strlen(path);
    char *yaml = NULL;
    fc_yaml_source y;
    fc_status s;

    *out = NULL;
    if (asprintf(&yaml, "%.*s.yaml", (int)stem, path) < 0)
        return fc_fail_nomem(err, stem);
    s = fc_yaml_open(&y, yaml, err);
    if (!s)
        s = read_own(out, &y, path, err);
    free(yaml);
    return s;
}

fc_status fc_model_yaml_parse(fc_model **out, const char *text, const char *path, fc_error *err)
{
    const fc_bytes bytes = {.data = (uint8_t *)text, .n = strlen(text)};
    fc_yaml_source y = {.path = path, .err = err};
    fc_status s;

    *out = NULL;
    if (bytes.n > FC_YAML_MAX_BYTES)
        return fc_fail(err, FC_ELIMIT, "%s: a description of %zu bytes", path, bytes.n);
    s = fc_yaml_load(&y.doc, &bytes, path, err);
    return s ? s : read_own(out, &y, path, err);
}
