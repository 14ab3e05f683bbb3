/*
 * Two models as one: fusions.yaml, beside a models.yaml, says how much each counts.
 *
 *     version: 1
 *     fusions:
 *       - models: [mobilefacenet, dlib-face]
 *         contracts: ['mobilefacenet:f1c2...', 'dlib-face:99a0...']   # of the models that it was found with
 *         weights: [1, 4]
 *         threshold: {cosine: 0.8, meaning: "..."}
 *         false_matches: {pairs: 7255541, thresholds: [[0.1, 0.2], [0.01, 0.34]]}   # optional, as in models.yaml
 *
 * The score of two faces is the mean of the models' cosines by those weights. It is the cosine of single vectors: of both
 * embeddings at unit length, one behind the other, each times the square root of its weight's share. So a pair of models
 * has a contract, a threshold and a curve as a model has, and is called "mobilefacenet,dlib-face".
 */
#ifndef FC_MODELS_FUSION_H
#define FC_MODELS_FUSION_H
#include "models/registry.h"

#define FC_FUSIONS_YAML "fusions.yaml"
#define FC_FUSED        2

/* Room for a model's contract: a name of up to 64, a colon and 16 digits. */
#define FC_FUSED_CONTRACT 82

typedef struct fc_fusion {
    char *model[FC_FUSED];
    char contract[FC_FUSED][FC_FUSED_CONTRACT]; /* the models', without the mirrored crop, in float32 */
    double weight[FC_FUSED];                    /* above 0 */
    double threshold;                           /* NAN where not stated */
    char *threshold_meaning;                    /* NULL where not stated */
    fc_fmr_curve curve;
} fc_fusion;
void fc_fusion_free(fc_fusion *f);

/* Whether that is how two models are named: with a comma, and not as a file. */
bool fc_fusion_is_name(const char *name);
/* Whether f is of models of these names, in that order. */
bool fc_fusion_is_of(const fc_fusion *f, const char *first, const char *second);
/* The models that are named, whether they were calibrated or not. */
fc_status fc_fusion_models(const fc_model *model[FC_FUSED], const fc_models *m, const char *name,
                           fc_error *err);
/* The one of that name, to be freed, and its models: two of m, in that order, which were calibrated together. The folders'
 * fusions.yaml are read for it; the first that has these very models counts. FC_EMODEL: which of that it is not. */
fc_status fc_fusion_get(fc_fusion **out, const fc_model *model[FC_FUSED], const fc_models *m,
                        const char *name, fc_error *err);
/* What fc_fusion.contract is of these models. */
fc_status fc_fusion_bind(char contract[FC_FUSED][FC_FUSED_CONTRACT], const fc_model *const model[FC_FUSED],
                         fc_error *err);
/* "a,b:hash": over both contracts and the weights' shares. */
fc_status fc_fusion_contract(char *out, size_t n, const fc_model *const model[FC_FUSED],
                             const double weight[FC_FUSED], bool flip, fc_precision p, fc_error *err);

/* dir/fusions.yaml; no such file is an empty one. *list is [*n], caller frees each and the list. */
fc_status fc_fusions_yaml_read(fc_fusion ***list, size_t *n, const char *dir, fc_error *err);
/* Writes it, whole or not at all. */
fc_status fc_fusions_yaml_write(const fc_fusion *const *list, size_t n, const char *dir, fc_error *err);
/* Puts f into it, in the place of one of the same models. */
fc_status fc_fusions_yaml_put(const fc_fusion *f, const char *dir, fc_error *err);

#endif
