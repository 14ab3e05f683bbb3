/* models.yaml: what each model is, where it came from, and its contract. */
#ifndef FC_MODEL_REGISTRY_H
#define FC_MODEL_REGISTRY_H
#include "facecheck.h"
#include "nn/weights.h"

typedef struct fc_model_source {
    char *package, *version, *file, *licence, *url; /* NULL where not stated */
} fc_model_source;

typedef struct fc_model {
    char *name;      /* "mobilefacenet" */
    char *arch;      /* fc_net_by_name's: "mobilefacenet" */
    char *dir;       /* folder of the models.yaml */
    char *path;      /* weights file, dir and file joined */
    char *sha256;    /* 64 hex digits, or NULL where not known yet (pull records it) */
    char *task;      /* "detect" or "embed" */
    fc_alignment alignment; /* embed */
    double mean[3], scale[3]; /* input = (rgb - mean) * scale */
    int dim;         /* embedding size; 0 for detectors */
    double threshold;/* cosine; NAN where not stated */
    bool bf16_ok;    /* "auto" precision may choose bfloat16 */
    fc_model_source source;
} fc_model;

size_t fc_models_count(const fc_models *m);
const fc_model *fc_models_at(const fc_models *m, size_t i);
const fc_model *fc_models_find(const fc_models *m, const char *name); /* NULL if absent */
/* The model's description, or FC_EMODEL: "no model 'x' in DIR, DIR (there are a, b, c)". */
fc_status fc_models_get(const fc_model **out, const fc_models *m, const char *name, fc_error *err);
/* Maps the weights after checking their SHA-256: FC_EHASH names the file. */
fc_status fc_model_weights(fc_weights **out, const fc_model *model, fc_error *err);
/* Writes "name:hash" (first 16 hex digits of a SHA-256 over the weights' hash, input size, alignment, normalisation
 * and flip mode). */
fc_status fc_model_contract(char *out, size_t n, const fc_model *model, bool flip, fc_error *err);

#endif
