/* Descriptions of models out of YAML; registry.h says how they look. */
#ifndef FC_MODELS_MODELS_YAML_H
#define FC_MODELS_MODELS_YAML_H
#include "models/registry.h"

#define FC_MODELS_YAML "models.yaml"

/* dir/models.yaml: *list is [*n], caller frees each and the list. */
fc_status fc_models_yaml_read(fc_model ***list, size_t *n, const char *dir, fc_error *err);
/* The description beside a model's file. */
fc_status fc_model_yaml_read(fc_model **out, const char *path, fc_error *err);
/* The same of a description that is text, of the model's file path. */
fc_status fc_model_yaml_parse(fc_model **out, const char *text, const char *path, fc_error *err);
/* That text; caller frees. What does not stand in a user's description (file, sha256), is left out. */
fc_status fc_model_yaml_text(char **out, const fc_model *m, fc_error *err);
/* Writes dir/models.yaml, atomically. */
fc_status fc_models_yaml_write(const fc_model *const *list, size_t n, const char *dir, fc_error *err);

#endif
