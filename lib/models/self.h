/*
 * A model's file that describes itself: safetensors whose metadata hold what else stands in the YAML beside a user's model
 * (registry.h), and a checksum. fc-finetune writes them.
 *
 *     format       "facecheck-model 1"
 *     description  an entry of models.yaml, without file and sha256
 *     settings     of the training, JSON
 *     sha256       over all tensors and the other metadata
 */
#ifndef FC_MODELS_SELF_H
#define FC_MODELS_SELF_H
#include "models/registry.h"

/* Whether the bytes [n] are the beginning of such a file. */
bool fc_model_is_self(const uint8_t *bytes, size_t n);
/* Adds format, description, settings and checksum: the last thing before w is saved. */
fc_status fc_model_self_seal(fc_weights *w, const fc_model *m, const char *settings, fc_error *err);
/* FC_EFORMAT: no such file; FC_EUNSUPPORTED: of a later version; FC_ECORRUPT: the checksum is wrong. */
fc_status fc_model_self_check(const fc_weights *w, fc_error *err);
/* The description in the file; its path and place are filled in. Failures as above. */
fc_status fc_model_self_read(fc_model **out, const char *path, fc_error *err);

#endif
