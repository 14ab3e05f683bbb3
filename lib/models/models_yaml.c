#include "models/models_yaml.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codec.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/text.h"
#include "base/yaml.h"
#include "kernels/precision_names.h"
#include "models/align_mode_names.h"

#define MAX_INPUT 4096

typedef struct source {
    const char *path; /* for messages */
    yaml_document_t doc;
    fc_error *err;
} source;

static fc_status fault(source *y, const yaml_node_t *node, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static fc_status fault(source *y, const yaml_node_t *node, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return fc_fail(y->err, FC_EMODEL, "%s:%zu: %s", y->path, node->start_mark.line + 1, text);
}

/* ---- values ----------------------------------------------------------------------------------------- */

static fc_status read_text(source *y, const yaml_node_t *v, void *to)
{
    char **out = to;

    if (v->type != YAML_SCALAR_NODE || v->data.scalar.length == 0)
        return fault(y, v, "want a word or text");
    for (size_t i = 0; i < v->data.scalar.length; i++)
        if (v->data.scalar.value[i] < ' ')
            return fault(y, v, "a control character in a text");
    *out = strdup((const char *)v->data.scalar.value);
    return *out ? FC_OK : fc_fail_nomem(y->err, v->data.scalar.length);
}

static fc_status read_name(source *y, const yaml_node_t *v, void *to)
{
    char **out = to;
    fc_status s = read_text(y, v, to);
    if (!s && (strlen(*out) > 64 || strspn(*out, "abcdefghijklmnopqrstuvwxyz0123456789._-") != strlen(*out)))
        return fault(y, v, "name '%s': want up to 64 of a-z 0-9 . _ -", *out);
    return s;
}

static fc_status read_file(source *y, const yaml_node_t *v, void *to)
{
    char **out = to;
    fc_status s = read_text(y, v, to);
    if (!s && (strchr(*out, '/') || (*out)[0] == '.' || !strcmp(*out, FC_MODELS_YAML)))
        return fault(y, v, "file '%s': want the name of a model's file in the same folder", *out);
    return s;
}

static fc_status read_hash(source *y, const yaml_node_t *v, void *to)
{
    char **out = to;
    fc_status s = read_text(y, v, to);
    if (!s && (strlen(*out) != FC_SHA256_HEX - 1 || strspn(*out, "0123456789abcdef") != FC_SHA256_HEX - 1))
        return fault(y, v, "sha256: want 64 hexadecimal digits in lower case");
    return s;
}

static fc_status read_number(source *y, const yaml_node_t *v, void *to)
{
    double *out = to;
    const char *text = (const char *)v->data.scalar.value, *end;

    if (v->type != YAML_SCALAR_NODE || v->data.scalar.length == 0)
        return fault(y, v, "want a number");
    if (!fc_text_read_number(out, *text == '+' ? text + 1 : text, &end) || *end)
        return fault(y, v, "want a number, got '%s'", text);
    return FC_OK;
}

static fc_status read_int(source *y, const yaml_node_t *v, int lowest, int highest, int *out)
{
    double d = 0;
    fc_status s = read_number(y, v, &d);
    if (s)
        return s;
    if (d != floor(d) || d < lowest || d > highest)
        return fault(y, v, "want a whole number from %d to %d, got '%s'", lowest, highest,
                     (const char *)v->data.scalar.value);
    *out = (int)d;
    return FC_OK;
}

static bool is(const yaml_node_t *v, const char *word)
{
    return v->type == YAML_SCALAR_NODE && strcmp((const char *)v->data.scalar.value, word) == 0;
}

static fc_status read_input(source *y, const yaml_node_t *v, void *to)
{
    if (is(v, "any")) {
        *(int *)to = 0;
        return FC_OK;
    }
    return read_int(y, v, 1, MAX_INPUT, to);
}

static fc_status read_dim(source *y, const yaml_node_t *v, void *to)
{
    return read_int(y, v, 1, FC_MAX_DIM, to);
}

static fc_status read_margin(source *y, const yaml_node_t *v, void *to)
{
    return read_int(y, v, 0, MAX_INPUT, to);
}

static fc_status read_mode(source *y, const yaml_node_t *v, void *to)
{
    fc_align_mode *out = to;

    for (int i = 0; fc_align_mode_names[i]; i++)
        if (is(v, fc_align_mode_names[i])) {
            *out = (fc_align_mode)i;
            return FC_OK;
        }
    return fault(y, v, "alignment mode: want " FC_NAMES_OR(FC_ALIGN_MODES));
}

static fc_status read_task(source *y, const yaml_node_t *v, void *to)
{
    if (!is(v, "detect") && !is(v, "embed"))
        return fault(y, v, "task: want detect or embed");
    return read_text(y, v, to);
}

static fc_status read_cosine(source *y, const yaml_node_t *v, void *to)
{
    double *out = to;
    fc_status s = read_number(y, v, to);
    if (!s && fabs(*out) > 1)
        return fault(y, v, "cosine: want -1 to 1");
    return s;
}

static fc_status read_percent(source *y, const yaml_node_t *v, void *to)
{
    double *out = to;
    fc_status s = read_number(y, v, to);
    if (!s && (*out < 0 || *out > 100))
        return fault(y, v, "want a percentage, 0 to 100");
    return s;
}

/* One number for all three channels, or a list of three. */
static fc_status read_rgb(source *y, const yaml_node_t *v, void *to)
{
    double *out = to;
    fc_status s = FC_OK;

    if (v->type != YAML_SEQUENCE_NODE) {
        s = read_number(y, v, &out[0]);
        out[1] = out[2] = out[0];
        return s;
    }
    if (v->data.sequence.items.top - v->data.sequence.items.start != 3)
        return fault(y, v, "want one number, or three for red, green and blue");
    for (int i = 0; i < 3 && !s; i++)
        s = read_number(y, yaml_document_get_node(&y->doc, v->data.sequence.items.start[i]), &out[i]);
    return s;
}

/* Of 8-bit values. One far from all of them would make all pictures alike in float32, and so all people. */
static fc_status read_mean(source *y, const yaml_node_t *v, void *to)
{
    const double *mean = to;
    fc_status s = read_rgb(y, v, to);

    for (int i = 0; i < 3 && !s; i++)
        if (!(fabs(mean[i]) <= 255))
            s = fault(y, v, "mean: want a number of -255 to 255");
    return s;
}

/* 0 would make all pictures alike, too. */
static fc_status read_scale(source *y, const yaml_node_t *v, void *to)
{
    const double *scale = to;
    fc_status s = read_rgb(y, v, to);

    for (int i = 0; i < 3 && !s; i++)
        if (!(fabs(scale[i]) >= 1e-6 && fabs(scale[i]) <= 1e6))
            s = fault(y, v, "scale: want a number of 1e-6 to 1e6");
    return s;
}

/* ---- mappings --------------------------------------------------------------------------------------- */

typedef struct key {
    const char *name;
    fc_status (*read)(source *y, const yaml_node_t *v, void *to);
    size_t offset; /* in fc_model, or where it is read into */
    bool required;
} key;

#define MAX_KEYS 32

/* Reads node's pairs by keys[n] into to. */
static fc_status read_map(source *y, const yaml_node_t *node, const char *what, const key *keys, size_t n,
                          void *to)
{
    bool seen[MAX_KEYS] = {false};

    if (node->type != YAML_MAPPING_NODE)
        return fault(y, node, "%s: want a mapping", what);
    for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
        const yaml_node_t *k = yaml_document_get_node(&y->doc, p->key);
        size_t i = 0;
        if (k->type != YAML_SCALAR_NODE)
            return fault(y, k, "%s: a key that is not a word", what);
        while (i < n && !is(k, keys[i].name))
            i++;
        if (i == n)
            return fault(y, k, "%s: unknown key '%s'", what, (const char *)k->data.scalar.value);
        if (seen[i])
            return fault(y, k, "%s: key '%s' twice", what, keys[i].name);
        seen[i] = true;
        fc_status s = keys[i].read(y, yaml_document_get_node(&y->doc, p->value), (char *)to + keys[i].offset);
        if (s)
            return s;
    }
    for (size_t i = 0; i < n; i++)
        if (keys[i].required && !seen[i])
            return fault(y, node, "%s: no '%s'", what, keys[i].name);
    return FC_OK;
}

#define COUNT(a) (sizeof(a) / sizeof *(a))

static fc_status read_alignment(source *y, const yaml_node_t *v, void *to)
{
    static const key keys[] = {{"mode", read_mode, offsetof(fc_alignment, mode), true},
                               {"margin", read_margin, offsetof(fc_alignment, margin), false}};
    return read_map(y, v, "alignment", keys, COUNT(keys), to);
}

static fc_status read_normalisation(source *y, const yaml_node_t *v, void *to)
{
    static const key keys[] = {{"mean", read_mean, offsetof(fc_model, mean), true},
                               {"scale", read_scale, offsetof(fc_model, scale), true}};
    return read_map(y, v, "normalisation", keys, COUNT(keys), to);
}

static fc_status read_threshold(source *y, const yaml_node_t *v, void *to)
{
    static const key keys[] = {{"cosine", read_cosine, offsetof(fc_model, threshold), true},
                               {"meaning", read_text, offsetof(fc_model, threshold_meaning), false}};
    return read_map(y, v, "threshold", keys, COUNT(keys), to);
}

static fc_status read_pairs(source *y, const yaml_node_t *v, void *to)
{
    double d = 0;
    fc_status s = read_number(y, v, &d);

    if (!s && !(d == floor(d) && d >= 1 && d <= 1e15))
        return fault(y, v, "pairs: want a whole number from 1 to 1e15");
    *(uint64_t *)to = (uint64_t)d;
    return s;
}

/* Of [rate, threshold]: two numbers. */
static fc_status read_point(source *y, const yaml_node_t *v, struct fc_fmr_point *to)
{
    double *number[] = {&to->fmr, &to->threshold};
    fc_status s = FC_OK;

    if (v->type != YAML_SEQUENCE_NODE ||
        v->data.sequence.items.top - v->data.sequence.items.start != COUNT(number))
        return fault(y, v, "thresholds: want [rate, cosine]");
    for (size_t i = 0; i < COUNT(number) && !s; i++)
        s = read_number(y, yaml_document_get_node(&y->doc, v->data.sequence.items.start[i]), number[i]);
    if (!s && !(to->fmr > 0 && to->fmr < 1 && fabs(to->threshold) <= 1))
        return fault(y, v, "thresholds: want rates above 0 and below 1, and cosines of -1 to 1");
    return s;
}

static fc_status read_points(source *y, const yaml_node_t *v, void *to)
{
    fc_fmr_curve *c = to;
    fc_status s = FC_OK;

    if (v->type != YAML_SEQUENCE_NODE)
        return fault(y, v, "thresholds: want a list");
    const size_t n = (size_t)(v->data.sequence.items.top - v->data.sequence.items.start);
    if (n < 1 || n > FC_CURVE_POINTS)
        return fault(y, v, "thresholds: want 1 to %d of them", FC_CURVE_POINTS);
    for (size_t i = 0; i < n && !s; i++) {
        const yaml_node_t *node = yaml_document_get_node(&y->doc, v->data.sequence.items.start[i]);
        s = read_point(y, node, &c->point[i]);
        if (!s && i > 0 &&
            (c->point[i].fmr >= c->point[i - 1].fmr || c->point[i].threshold < c->point[i - 1].threshold))
            s = fault(y, node, "thresholds: rates want to fall, and cosines not to");
    }
    c->n = n;
    return s;
}

static fc_status read_false_matches(source *y, const yaml_node_t *v, void *to)
{
    static const key keys[] = {{"pairs", read_pairs, offsetof(fc_fmr_curve, pairs), true},
                               {"thresholds", read_points, 0, true}};
    return read_map(y, v, "false_matches", keys, COUNT(keys), to);
}

static fc_status read_lfw(source *y, const yaml_node_t *v, void *to)
{
    static const key keys[] = {{FC_PRECISION_NAME_FP32, read_percent, offsetof(fc_model, lfw_fp32), true},
                               {FC_PRECISION_NAME_BF16, read_percent, offsetof(fc_model, lfw_bf16), true},
                               {"similarity", read_cosine, offsetof(fc_model, bf16_similarity), false}};
    return read_map(y, v, "lfw", keys, COUNT(keys), to);
}

static fc_status read_source(source *y, const yaml_node_t *v, void *to)
{
    static const key keys[] = {{"package", read_text, offsetof(fc_model_source, package), false},
                               {"version", read_text, offsetof(fc_model_source, version), false},
                               {"file", read_text, offsetof(fc_model_source, file), false},
                               {"sha256", read_hash, offsetof(fc_model_source, sha256), false},
                               {"url", read_text, offsetof(fc_model_source, url), false},
                               {"licence", read_text, offsetof(fc_model_source, licence), true}};
    return read_map(y, v, "source", keys, COUNT(keys), to);
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
static fc_status finish(source *y, const yaml_node_t *node, fc_model *m, bool own)
{
    bool embed = strcmp(m->task, "embed") == 0;

    /* Differences of decimals such as 99.25 and 99.15 are not exact. */
    m->bf16_ok = fabs(m->lfw_fp32 - m->lfw_bf16) <= 0.1 + 1e-9;
    m->alignment.size = embed ? m->input : 0;
    if (!embed && m->dim)
        return fault(y, node, "dim is for task embed");
    if (embed && m->input == 0)
        return fault(y, node, "task embed: want an input of a fixed size");
    if (embed && !own && m->dim == 0)
        return fault(y, node, "task embed: no 'dim'");
    return FC_OK;
}

/* own: beside the user's own file, where less is required. */
static fc_status read_model(source *y, const yaml_node_t *node, bool own, fc_model *m)
{
    const key keys[] = {{"name", read_name, offsetof(fc_model, name), !own},
                        {"file", read_file, offsetof(fc_model, path), !own},
                        {"sha256", read_hash, offsetof(fc_model, sha256), false},
                        {"arch", read_text, offsetof(fc_model, arch), !own},
                        {"task", read_task, offsetof(fc_model, task), !own},
                        {"input", read_input, offsetof(fc_model, input), true},
                        {"alignment", read_alignment, offsetof(fc_model, alignment), own},
                        {"normalisation", read_normalisation, 0, true},
                        {"dim", read_dim, offsetof(fc_model, dim), false},
                        {"threshold", read_threshold, 0, false},
                        {"false_matches", read_false_matches, offsetof(fc_model, curve), false},
                        {"lfw", read_lfw, 0, false},
                        {"source", read_source, offsetof(fc_model, source), !own}};
    fc_status s = read_map(y, node, "model", keys, COUNT(keys), m);

    if (s)
        return s;
    if (!m->task && !(m->task = strdup("embed")))
        return fc_fail_nomem(y->err, sizeof "embed");
    return finish(y, node, m, own);
}

static fc_status open_yaml(source *y, const char *path, fc_error *err)
{
    fc_bytes bytes = {0};
    fc_status s;

    *y = (source){.path = path, .err = err};
    s = fc_bytes_read_file(&bytes, path, FC_YAML_MAX_BYTES, err);
    if (s)
        return s;
    s = fc_yaml_load(&y->doc, &bytes, path, err);
    fc_bytes_clear(&bytes);
    return s;
}

static void close_yaml(source *y)
{
    yaml_document_delete(&y->doc);
}

typedef struct manifest {
    const char *dir;
    int version;
    fc_model **list;
    size_t n;
} manifest;

static fc_status read_version(source *y, const yaml_node_t *v, void *to)
{
    return read_int(y, v, 1, 1, to);
}

static fc_status read_models(source *y, const yaml_node_t *v, void *to)
{
    manifest *f = to;

    if (v->type != YAML_SEQUENCE_NODE)
        return fault(y, v, "models: want a list");
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
                return fault(y, node, "model '%s' twice", m->name);
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
    static const key keys[] = {{"version", read_version, offsetof(manifest, version), true},
                               {"models", read_models, 0, true}};
    manifest f = {.dir = dir};
    source y;
    char *path = fc_folder_join(dir, FC_MODELS_YAML);
    fc_status s = path ? open_yaml(&y, path, err) : fc_fail_nomem(err, strlen(dir) + 1);

    *list = NULL;
    *n = 0;
    if (s)
        goto out;
    s = read_map(&y, yaml_document_get_root_node(&y.doc), "file", keys, COUNT(keys), &f);
    close_yaml(&y);
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
static fc_status read_own(fc_model **out, source *y, const char *path, fc_error *err)
{
    fc_model *m = model_new();
    fc_status s =
        m ? read_model(y, yaml_document_get_root_node(&y->doc), true, m) : fc_fail_nomem(err, sizeof *m);

    close_yaml(y);
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
    source y;
    fc_status s;

    *out = NULL;
    if (asprintf(&yaml, "%.*s.yaml", (int)stem, path) < 0)
        return fc_fail_nomem(err, stem);
    s = open_yaml(&y, yaml, err);
    if (!s)
        s = read_own(out, &y, path, err);
    free(yaml);
    return s;
}

fc_status fc_model_yaml_parse(fc_model **out, const char *text, const char *path, fc_error *err)
{
    const fc_bytes bytes = {.data = (uint8_t *)text, .n = strlen(text)};
    source y = {.path = path, .err = err};
    fc_status s;

    *out = NULL;
    if (bytes.n > FC_YAML_MAX_BYTES)
        return fc_fail(err, FC_ELIMIT, "%s: a description of %zu bytes", path, bytes.n);
    s = fc_yaml_load(&y.doc, &bytes, path, err);
    return s ? s : read_own(out, &y, path, err);
}
