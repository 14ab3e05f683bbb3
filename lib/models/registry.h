/*
 * models.yaml: what each model is, where it came from, and its contract.
 *
 *     version: 1
 *     models:
 *       - name: mobilefacenet              # [a-z0-9._-], used in contracts
 *         file: mobilefacenet.safetensors  # in the same folder
 *         sha256: c7e4...                  # not there: not installed until pulled
 *         arch: mobilefacenet              # a network of nets.h
 *         task: embed                      # or detect
 *         input: 112                       # the input picture's side; any: any size
 *         alignment: {mode: five-point}    # or {mode: box, margin: 0}; embed only
 *         normalisation: {mean: 127.5, scale: 0.0078125}   # one number, or [r, g, b]: input = (rgb - mean) * scale
 *         dim: 192                         # of the embedding; embed only
 *         threshold: {cosine: 0.45, meaning: "..."}        # optional
 *         false_matches:                   # optional: of pairs of different people, compared with each other
 *           pairs: 7255541                 # so many
 *           thresholds: [[0.1, 0.2], [0.01, 0.34]]  # least cosines that keep a false match rate; rates fall
 *         lfw: {fp32: 99.25, bf16: 99.22, similarity: 0.9996}  # optional: accuracy in percent, in both precisions,
 *                                          # and (optional, too) the least cosine between a crop's two embeddings
 *         source: {package: ..., version: ..., file: ..., sha256: ..., url: ..., licence: MIT}
 *
 * Beside a model file of the user's own, MY.yaml holds such an entry alone for MY.safetensors (or MY.pt,
 * ...). There, only input, alignment and normalisation are required.
 *
 * Unknown keys, keys given twice, missing ones and values out of range are faults.
 */
#ifndef FC_MODELS_REGISTRY_H
#define FC_MODELS_REGISTRY_H
#include "base/bytes.h"
#include "facecheck.h"
#include "nn/weights.h"

typedef struct fc_model_source {
    char *package, *version, *file, *licence, *url; /* NULL where not stated */
    char *sha256;                                   /* of file as it is at the source */
} fc_model_source;

typedef struct fc_model {
    char *name;       /* "mobilefacenet" */
    char *arch;       /* fc_net_by_name's: "mobilefacenet"; NULL where a user's file does not state it */
    char *dir;        /* folder of the models.yaml */
    char *path;       /* weights file, dir and file joined */
    char *sha256;     /* 64 hex digits, or NULL where not known yet (pull records it) */
    bool hashed_here; /* sha256 is what the file was found to have, for want of a recorded one */
    char *task;       /* "detect" or "embed" */
    int input;        /* side of the input picture; 0: any size */
    fc_alignment alignment;   /* embed */
    double mean[3], scale[3]; /* input = (rgb - mean) * scale */
    int dim;                  /* embedding size; 0 for detectors, and where a user's file does not state it */
    double threshold;         /* cosine; NAN where not stated */
    char *threshold_meaning;  /* NULL where not stated */
    fc_fmr_curve curve;
    double lfw_fp32, lfw_bf16; /* percent; NAN where not stated */
    bool bf16_ok;              /* the two differ by no more than 0.1 points */
    double bf16_similarity; /* of one crop's embeddings in both precisions, the least; NAN where not stated */
    fc_model_source source;
} fc_model;

/* The folders that were read, in that order. */
size_t fc_models_folders(const fc_models *m);
const char *fc_models_folder(const fc_models *m, size_t i);
size_t fc_models_count(const fc_models *m);
const fc_model *fc_models_at(const fc_models *m, size_t i);
const fc_model *fc_models_find(const fc_models *m, const char *name); /* NULL if absent */
/* The model's description, or FC_EMODEL: "no model 'x' in DIR, DIR (there are a, b, c)". */
fc_status fc_models_get(const fc_model **out, const fc_models *m, const char *name, fc_error *err);

/* A model file of the user's own, described by the YAML beside it, else by itself (self.h). Its hash is computed where the YAML states
 * none. */
fc_status fc_model_describe_file(fc_model **out, const char *path, fc_error *err);
void fc_model_free(fc_model *m);
/* What a user names: a model of m, or a file, whose description is *own, to be freed (NULL: it is of m). */
fc_status fc_models_choose(const fc_model **out, fc_model **own, const fc_models *m, const char *model,
                           fc_error *err);

/* True when the weights' file is there. */
bool fc_model_installed(const fc_model *model);
/* FC_EMISSING when it is not there, FC_EHASH when it is not the recorded one; both name the file. */
fc_status fc_model_verify(const fc_model *model, fc_error *err);
/* Reads the file, whatever it holds; its bytes are not to be used before fc_model_check has found its SHA-256
 * right. */
fc_status fc_model_map(fc_map *out, const fc_model *model, fc_error *err);
fc_status fc_model_check(const fc_model *model, const fc_map *file, fc_error *err);
/* Reads the weights after checking their SHA-256, which is never skipped. */
fc_status fc_model_weights(fc_weights **out, const fc_model *model, fc_error *err);
/* Writes "name:hash" (first 16 hex digits of a SHA-256 over the weights' hash, input size, alignment,
 * normalisation and flip mode). */
fc_status fc_model_contract(char *out, size_t n, const fc_model *model, bool flip, fc_error *err);
/* The same for embeddings that were computed in p: bfloat16 has another one, unless the model states that it changes
 * no embedding by more than a cosine of FC_BF16_ALIKE. */
fc_status fc_model_contract_in(char *out, size_t n, const fc_model *model, bool flip, fc_precision p,
                               fc_error *err);
#define FC_BF16_ALIKE 0.999

#endif
