#include "models/describe.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "base/codec.h"
#include "base/error.h"
#include "models/align_mode_names.h"
#include "models/arch.h"
#include "models/import.h"

/* NULL where the text is NULL or, which JSON cannot hold, not UTF-8. */
static void set_text(json_t *o, const char *key, const char *text)
{
    if (text)
        json_object_set_new(o, key, json_string(text));
}

static void set_real(json_t *o, const char *key, double v)
{
    if (!isnan(v))
        json_object_set_new(o, key, json_real(v));
}

static json_t *rgb(const double v[3])
{
    return v[0] == v[1] && v[1] == v[2] ? json_real(v[0]) : json_pack("[f,f,f]", v[0], v[1], v[2]);
}

void fc_model_to_json(json_t *o, const fc_model *m)
{
    char contract[160];

    set_text(o, "name", m->name);
    set_text(o, "architecture", m->arch);
    set_text(o, "task", m->task);
    if (m->input)
        json_object_set_new(o, "input", json_integer(m->input));
    if (!strcmp(m->task, "embed")) {
        set_text(o, "alignment", fc_align_mode_names[m->alignment.mode]);
        if (m->alignment.mode == FC_ALIGN_BOX)
            json_object_set_new(o, "margin", json_integer(m->alignment.margin));
    }
    json_object_set_new(o, "mean", rgb(m->mean));
    json_object_set_new(o, "scale", rgb(m->scale));
    if (m->dim)
        json_object_set_new(o, "dim", json_integer(m->dim));
    set_real(o, "threshold", m->threshold);
    set_text(o, "threshold_meaning", m->threshold_meaning);
    set_real(o, "lfw_fp32", m->lfw_fp32);
    set_real(o, "lfw_bf16", m->lfw_bf16);
    set_real(o, "bf16_similarity", m->bf16_similarity);
    if (!strcmp(m->task, "embed") && !fc_model_contract(contract, sizeof contract, m, false, NULL))
        set_text(o, "contract", contract);
    if (!strcmp(m->task, "embed") && !fc_model_contract(contract, sizeof contract, m, true, NULL))
        set_text(o, "contract_flip", contract);
    set_text(o, "licence", m->source.licence);
    set_text(o, "source", m->source.package);
    set_text(o, "source_version", m->source.version);
    set_text(o, "source_file", m->source.file);
    set_text(o, "source_sha256", m->source.sha256);
    set_text(o, "url", m->source.url);
}

void fc_fusion_to_json(json_t *o, const fc_fusion *f, const fc_model *const model[FC_FUSED])
{
    static const char *const keys[] = {"contract", "contract_flip"};
    char contract[160];

    json_object_set_new(o, "name", json_sprintf("%s,%s", f->model[0], f->model[1]));
    json_object_set_new(o, "task", json_string("embed"));
    json_object_set_new(o, "models", json_pack("[s,s]", f->model[0], f->model[1]));
    json_object_set_new(o, "weights", json_pack("[f,f]", f->weight[0], f->weight[1]));
    json_object_set_new(o, "dim", json_integer(model[0]->dim + model[1]->dim));
    set_real(o, "threshold", f->threshold);
    set_text(o, "threshold_meaning", f->threshold_meaning);
    for (int flip = 0; flip < 2; flip++)
        if (!fc_fusion_contract(contract, sizeof contract, model, f->weight, flip, FC_PRECISION_FP32, NULL))
            set_text(o, keys[flip], contract);
}

/* Its tensors, and how many numbers are in them, but for those that say what bytes stand for. */
static void add_tensors(json_t *o, const fc_weights *w)
{
    json_t *list = json_array();
    size_t count = 0;

    for (size_t i = 0; i < fc_weights_count(w); i++) {
        const fc_tensor *t = fc_weights_at(w, i);
        json_t *shape = json_array();
        for (int d = 0; d < t->rank; d++)
            json_array_append_new(shape, json_integer((json_int_t)t->dim[d]));
        json_array_append_new(list, json_pack("{s:s,s:s,s:o}", "name", t->name, "dtype",
                                              fc_dtype_name(t->dtype), "shape", shape));
        count += fc_weights_is_quantisation(t) ? 0 : t->count;
    }
    json_object_set_new(o, "parameters", json_integer((json_int_t)count));
    json_object_set_new(o, "tensors", list);
}

fc_status fc_model_file_to_json(json_t *o, const char *path, const fc_model *known, const char *sha256,
                                fc_error *err)
{
    char hex[FC_SHA256_HEX];
    struct stat st;
    fc_weights *w = NULL;
    fc_status s;

    if (stat(path, &st))
        return fc_fail_errno(err, path);
    s = known ? fc_model_weights(&w, known, err) : fc_import(&w, path, err);
    if (!s)
        s = fc_sha256_file(hex, path, err);
    if (!s && sha256 && strcmp(sha256, hex))
        s = fc_fail(err, FC_EHASH, "%s: its SHA-256 is %s, recorded is %s", path, hex, sha256);
    const char *arch = NULL;
    if (!s && !json_object_get(o, "architecture"))
        s = fc_arch_of(&arch, w, err);
    if (s)
        goto out;
    set_text(o, "architecture", arch);
    set_text(o, "sha256", hex);
    json_object_set_new(o, "bytes", json_integer(st.st_size));
    add_tensors(o, w);
out:
    fc_weights_free(w);
    return s;
}
