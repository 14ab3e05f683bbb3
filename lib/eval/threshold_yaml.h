/* A decision threshold into a model's description, which keeps its other lines, comments too, as they are. */
#ifndef FC_EVAL_THRESHOLD_YAML_H
#define FC_EVAL_THRESHOLD_YAML_H
#include "facecheck.h"

/* path: a models.yaml, where name is one of its models, or with name NULL the description beside a model file. The
 * model's key "threshold" is replaced, or put behind its normalisation. Atomic. */
fc_status fc_yaml_set_threshold(const char *path, const char *name, double cosine, const char *meaning,
                                fc_error *err);

#endif
