/* A face to the vector that stands for it. */
#ifndef FACECHECK_EMBED_H
#define FACECHECK_EMBED_H

#include "facecheck/detect.h"
#include "facecheck/match.h"

FC_BEGIN_DECLS

/* The face as a model wants it: crop becomes a->size x a->size. Five-point alignment needs landmarks. */
fc_status fc_align(fc_image *crop, const fc_image *img, const fc_face *face, const fc_alignment *a,
                   fc_error *err);
/* Similarity transform by least squares, Umeyama 1991 eq. 39-43: to ~ m[0..1][0..1] from + m[.][2]. */
fc_status fc_similarity_fit(double m[2][3], const double from[5][2], const double to[5][2], fc_error *err);

/* What is done with what is behind a face before it is cut out: nothing, or it is blurred, or grey stands in its place. */
typedef enum fc_background { FC_BACKGROUND_KEEP, FC_BACKGROUND_BLUR, FC_BACKGROUND_REMOVE } fc_background;

typedef struct fc_embedder fc_embedder;
typedef struct fc_embed_session fc_embed_session;
/* model: a name in m, or a path to a model file with a description in YAML beside it: weights of a network that is
 * known here (safetensors, PyTorch's state dict, TensorFlow Lite), TorchScript, or ONNX. */
fc_status fc_embedder_new(fc_embedder **out, const fc_models *m, const char *model,
                          const fc_engine_options *opt, fc_error *err);
void fc_embedder_free(fc_embedder *e);
int fc_embedder_dim(const fc_embedder *e);
const fc_alignment *fc_embedder_alignment(const fc_embedder *e);
/* "name:hash": over weights, input size, alignment, normalisation and flip mode. Owned by e. */
const char *fc_embedder_contract(const fc_embedder *e, bool flip);
/* Default decision threshold on cosine similarity; NAN where the model states none. */
double fc_embedder_threshold(const fc_embedder *e);
/* How often different people look the same to it, as far as the model states it; the embedder's. */
const fc_fmr_curve *fc_embedder_curve(const fc_embedder *e);
const fc_engine_facts *fc_embedder_facts(const fc_embedder *e); /* owned by e */
const char *fc_embedder_engine(const fc_embedder *e);           /* the same for people: "onednn 2.6.3 fp32" */

fc_status fc_embed_session_new(fc_embed_session **out, const fc_embedder *e, fc_error *err);
void fc_embed_session_free(fc_embed_session *s);
/* crop must be size x size. out: [dim], unit length. flip: the mirrored crop's embedding is added before the
 * result is scaled to unit length. */
fc_status fc_embed(fc_embed_session *s, const fc_image *crop, bool flip, float *out, fc_error *err);

FC_END_DECLS
#endif
