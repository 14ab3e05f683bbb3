#include "models/registry.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec.h"
#include "base/error.h"
#include "base/grow.h"
#include "kernels/precision_names.h"
#include "models/align_mode_names.h"
#include "models/fusion.h"
#include "models/models_yaml.h"
#include "models/self.h"

struct fc_models {
    fc_model **model;
    size_t n;
    char **dir;
    size_t cap, ndir, dir_cap;
};

/* ---- folders ---------------------------------------------------------------------------------------- */

static size_t position(const fc_models *m, const char *name)
{
    size_t i = 0;
    while (i < m->n && strcmp(m->model[i]->name, name) != 0)
        i++;
    return i;
}

/* What a pull recorded of the file at an address stays known, even where the pulled file is gone. */
static void keep_pin(fc_model *kept, fc_model *other)
{
    if (!kept->source.sha256 && kept->source.url && other->source.url &&
        strcmp(kept->source.url, other->source.url) == 0) {
        kept->source.sha256 = other->source.sha256;
        other->source.sha256 = NULL;
    }
}

/* Takes the models of list. The first of a name counts, unless only a later one is installed: a pulled model
 * is described by the folder that names it, and again, with its hash, by the one that holds it. */
static void merge(fc_models *m, fc_model **list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = position(m, list[i]->name);
        if (at == m->n) {
            m->model[m->n++] = list[i];
        } else if (!fc_model_installed(m->model[at]) && fc_model_installed(list[i])) {
            fc_model_free(m->model[at]);
            m->model[at] = list[i];
        } else {
            keep_pin(m->model[at], list[i]);
            fc_model_free(list[i]);
        }
    }
}

fc_status fc_models_add(fc_models *m, const char *dir, fc_error *err)
{
    fc_model **list;
    size_t n;
    fc_status s = fc_models_yaml_read(&list, &n, dir, err);

    if (s)
        return s;
    s = fc_grow(&m->model, m->n + n, &m->cap, sizeof *m->model, err);
    if (!s)
        s = fc_grow(&m->dir, m->ndir + 1, &m->dir_cap, sizeof *m->dir, err);
    if (!s && !(m->dir[m->ndir] = strdup(dir)))
        s = fc_fail_nomem(err, strlen(dir) + 1);
    if (s) {
        for (size_t i = 0; i < n; i++)
            fc_model_free(list[i]);
    } else {
        m->ndir++;
        merge(m, list, n);
    }
    free(list);
    return s;
}

fc_status fc_models_open(fc_models **out, const char *dir, fc_error *err)
{
    fc_models *m = calloc(1, sizeof *m);
    fc_status s;

    *out = NULL;
    if (!m)
        return fc_fail_nomem(err, sizeof *m);
    s = fc_models_add(m, dir, err);
    if (s) {
        fc_models_free(m);
        return s;
    }
    *out = m;
    return FC_OK;
}

void fc_models_free(fc_models *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n; i++)
        fc_model_free(m->model[i]);
    for (size_t i = 0; i < m->ndir; i++)
        free(m->dir[i]);
    free(m->model);
    free(m->dir);
    free(m);
}

size_t fc_models_folders(const fc_models *m)
{
    return m->ndir;
}

const char *fc_models_folder(const fc_models *m, size_t i)
{
    return m->dir[i];
}

size_t fc_models_count(const fc_models *m)
{
    return m->n;
}

const fc_model *fc_models_at(const fc_models *m, size_t i)
{
    return m->model[i];
}

const fc_model *fc_models_find(const fc_models *m, const char *name)
{
    size_t i = position(m, name);
    return i < m->n ? m->model[i] : NULL;
}

/* Appends what fits. */
static void append(char *text, size_t size, const char *separator, const char *word)
{
    size_t at = strlen(text);
    snprintf(text + at, size - at, "%s%s", separator, word);
}

fc_status fc_models_get(const fc_model **out, const fc_models *m, const char *name, fc_error *err)
{
    char dirs[200] = "", names[200] = "";

    *out = fc_models_find(m, name);
    if (*out)
        return FC_OK;
    if (fc_fusion_is_name(name))
        return fc_fail(err, FC_EMODEL, "%s: two models, and one is wanted", name);
    for (size_t i = 0; i < m->ndir; i++)
        append(dirs, sizeof dirs, i ? ", " : "", m->dir[i]);
    for (size_t i = 0; i < m->n; i++)
        append(names, sizeof names, i ? ", " : "", m->model[i]->name);
    return fc_fail(err, FC_EMODEL, "no model '%s' in %s (there are %s)", name, dirs, names);
}

/* ---- one model -------------------------------------------------------------------------------------- */

/* What the file says of itself, unless there is YAML beside it. */
static fc_status describe_own(fc_model **out, const char *path, fc_error *err)
{
    fc_error own;
    const fc_status s = fc_model_yaml_read(out, path, err);

    if (s != FC_EMISSING)
        return s;
    const fc_status read = fc_model_self_read(out, path, &own);
    if (read && read != FC_EFORMAT) /* a file of another kind needs the YAML that is missing */
        return fc_fail(err, read, "%s", own.message);
    return read ? s : FC_OK;
}

fc_status fc_model_describe_file(fc_model **out, const char *path, fc_error *err)
{
    char hex[FC_SHA256_HEX];
    fc_model *m;
    fc_status s = describe_own(&m, path, err);

    *out = NULL;
    if (s)
        return s;
    if (!m->sha256) {
        s = fc_sha256_file(hex, path, err);
        if (!s && !(m->sha256 = strdup(hex)))
            s = fc_fail_nomem(err, sizeof hex);
        m->hashed_here = true;
    }
    if (s) {
        fc_model_free(m);
        return s;
    }
    *out = m;
    return FC_OK;
}

fc_status fc_models_choose(const fc_model **out, fc_model **own, const fc_models *m, const char *model,
                           fc_error *err)
{
    fc_status s;

    *own = NULL;
    /* names hold no slash, and a file's name a dot at its end: "./x" is always a file */
    if (!strchr(model, '/') && !(strrchr(model, '.') && !fc_models_find(m, model)))
        return fc_models_get(out, m, model, err);
    s = fc_model_describe_file(own, model, err);
    *out = *own;
    return s;
}

bool fc_model_installed(const fc_model *model)
{
    return access(model->path, F_OK) == 0;
}

/* What can be said before the file is read. */
static fc_status ready(const fc_model *m, fc_error *err)
{
    if (!fc_model_installed(m) && errno == ENOENT && m->source.url)
        return fc_fail(err, FC_EMISSING, "model '%s' is not installed; 'fc-model pull %s' fetches it",
                       m->name, m->name);
    if (fc_model_installed(m) && !m->sha256)
        return fc_fail(err, FC_EHASH, "%s: %s/models.yaml states no SHA-256 for it", m->path, m->dir);
    return FC_OK;
}

static fc_status compare_hash(const fc_model *m, const char *hex, fc_error *err)
{
    if (strcmp(hex, m->sha256) == 0)
        return FC_OK;
    return fc_fail(err, FC_EHASH, "%s: its SHA-256 is %s, recorded is %s", m->path, hex, m->sha256);
}

fc_status fc_model_verify(const fc_model *model, fc_error *err)
{
    char hex[FC_SHA256_HEX];
    fc_status s = ready(model, err);

    if (!s)
        s = fc_sha256_file(hex, model->path, err);
    return s ? s : compare_hash(model, hex, err);
}

fc_status fc_model_map(fc_map *out, const fc_model *model, fc_error *err)
{
    fc_status s = ready(model, err);

    *out = (fc_map){0};
    return s ? s : fc_map_read(out, model->path, FC_WEIGHTS_MAX_FILE, err);
}

fc_status fc_model_check(const fc_model *model, const fc_map *file, fc_error *err)
{
    char hex[FC_SHA256_HEX];

    fc_sha256_hex(hex, file->data, file->n);
    return compare_hash(model, hex, err);
}

fc_status fc_model_weights(fc_weights **out, const fc_model *model, fc_error *err)
{
    fc_status s = ready(model, err);

    *out = NULL;
    return s ? s : fc_weights_open_verified(out, model->path, model->sha256, err);
}

static uint64_t bits(double v)
{
    uint64_t u;
    memcpy(&u, &v, sizeof u);
    return u;
}

fc_status fc_model_contract(char *out, size_t n, const fc_model *model, bool flip, fc_error *err)
{
    return fc_model_contract_in(out, n, model, flip, FC_PRECISION_FP32, err);
}

fc_status fc_model_contract_in(char *out, size_t n, const fc_model *model, bool flip, fc_precision p,
                               fc_error *err)
{
    const bool other = p == FC_PRECISION_BF16 && !(model->bf16_similarity >= FC_BF16_ALIKE);
    char text[512], hex[FC_SHA256_HEX];

    if (!model->sha256) {
        const fc_status s = ready(model, err);
        return s ? s
                 : fc_fail(err, FC_EMODEL, "model '%s' is not installed: it has no contract yet",
                           model->name);
    }
    /* Numbers as their bits, so that their decimal form does not matter. */
    int len = snprintf(text, sizeof text,
                       "facecheck contract 1\nweights %s\ninput %d\nalign %s %d\n"
                       "mean %016" PRIx64 " %016" PRIx64 " %016" PRIx64 "\n"
                       "scale %016" PRIx64 " %016" PRIx64 " %016" PRIx64 "\nflip %d\n%s",
                       model->sha256, model->input, fc_align_mode_names[model->alignment.mode],
                       model->alignment.margin, bits(model->mean[0]), bits(model->mean[1]),
                       bits(model->mean[2]), bits(model->scale[0]), bits(model->scale[1]),
                       bits(model->scale[2]), flip, other ? "precision " FC_PRECISION_NAME_BF16 "\n" : "");
    fc_sha256_hex(hex, text, (size_t)len);
    if ((size_t)snprintf(out, n, "%s:%.16s", model->name, hex) >= n)
        return fc_fail(err, FC_EUSAGE, "model '%s': its contract needs more than %zu bytes", model->name, n);
    return FC_OK;
}
