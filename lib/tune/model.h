/* The model that comes of fine-tuning, as a file. */
#ifndef FC_TUNE_MODEL_H
#define FC_TUNE_MODEL_H
#include "classify/layer.h"
#include "models/registry.h"

/* weights: the embedding's, of m's network; trained: they are no longer m's, so that what m states of thresholds and accuracy
 * does not hold. settings: of the training, JSON. Whole under its name, or not at all; readable by its owner only. */
fc_status fc_tune_save(const char *path, const fc_model *m, const char *arch, const fc_weights *weights,
                       bool trained, const fc_layer *l, const char *settings, fc_error *err);

#endif
