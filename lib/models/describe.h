/* Models as JSON: what their descriptions say, and what their files hold. */
#ifndef FC_MODELS_DESCRIBE_H
#define FC_MODELS_DESCRIBE_H
#include <jansson.h>

#include "models/fusion.h"

/* Adds what the description says; keys in the order in which people read them. What it leaves open gets no key. */
void fc_model_to_json(json_t *o, const fc_model *m);
/* The same of two models as one, f, of the models m. */
void fc_fusion_to_json(json_t *o, const fc_fusion *f, const fc_model *const model[FC_FUSED]);

/* Adds what a file of any format that fc_import reads holds: its size and SHA-256, its architecture where o has none,
 * "parameters" and "tensors", a list of {name, dtype, shape}. known: a model of the registry, whose file is verified as it
 * is loaded; NULL: none. sha256: what a description beside the file says, held against the file (FC_EHASH); NULL: nothing. */
fc_status fc_model_file_to_json(json_t *o, const char *path, const fc_model *known, const char *sha256,
                                fc_error *err);

#endif
