/* Models: where they lie, how a face becomes their input, and what runs them. */
#ifndef FACECHECK_MODEL_H
#define FACECHECK_MODEL_H

#include "facecheck/base.h"

FC_BEGIN_DECLS

/* How a face becomes a model's input picture. */
typedef enum fc_align_mode {
    FC_ALIGN_FIVE_POINT, /* similarity transform of the landmarks to the 112x112 template, scaled to size */
    FC_ALIGN_BOX,        /* the box with a margin, resized, as facenet-pytorch's extract_face */
    FC_ALIGN_DLIB /* the same transform to the mean shape of dlib's face chips, with their padding of 0.25 */
} fc_align_mode;

typedef struct fc_alignment {
    fc_align_mode mode;
    int size;   /* the crop is size x size */
    int margin; /* FC_ALIGN_BOX: pixels of margin at the crop's scale */
} fc_alignment;

typedef struct fc_models fc_models; /* one or more folders with a models.yaml each, the first one wins */

fc_status fc_models_open(fc_models **out, const char *dir, fc_error *err);
/* Adds a folder behind those opened; its names do not hide earlier ones. */
fc_status fc_models_add(fc_models *m, const char *dir, fc_error *err);
/* Opens named, which must have a models.yaml (NULL: none), and those of the places [n] that have one; a name in an earlier
 * folder hides it in later ones. A place that is NULL is passed over. FC_EMISSING where there is no models.yaml at all; hint
 * goes behind that message (NULL: none). */
fc_status fc_models_search(fc_models **out, const char *named, char *const *places, size_t n,
                           const char *hint, fc_error *err);
void fc_models_free(fc_models *m);

typedef enum fc_precision {
    FC_PRECISION_AUTO = 0,
    FC_PRECISION_FP32,
    FC_PRECISION_BF16,
    FC_PRECISION_INT16, /* of kernels that are no engine's: what ran, not what can be asked for */
    FC_PRECISION_INT8   /* the same */
} fc_precision;

typedef struct fc_engine_options {
    const char *engine; /* "onednn", "torch", or for ONNX files "opencv"; NULL: the best one for this CPU */
    fc_precision precision;
    const char *device; /* "cpu", "cuda", "cuda:1"; NULL: cpu. For torch only */
} fc_engine_options;

/* What runs a network. */
typedef struct fc_engine_facts {
    const char
        *engine; /* its name, as in fc_engine_options; of kernels that are no engine's "rowwise", "coarse" */
    char version[24];       /* of the library that it is */
    fc_precision precision; /* never AUTO */
    char device[16];        /* "cpu", "cuda:1" */
    const char
        *isa; /* the highest instruction set of its kernels, as fc_cpu_hold names it; NULL: it does not say */
} fc_engine_facts;

FC_END_DECLS
#endif
