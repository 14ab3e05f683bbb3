/* Mappings of YAML, read by tables of their keys: what descriptions of models are made of. */
#ifndef FC_MODELS_YAML_KEYS_H
#define FC_MODELS_YAML_KEYS_H
#include "base/yaml.h"
#include "facecheck.h"

typedef struct fc_yaml_source {
    const char *path; /* for messages */
    yaml_document_t doc;
    fc_error *err;
} fc_yaml_source;

/* FC_EMISSING where the file is not there. What was opened is to be closed. */
fc_status fc_yaml_open(fc_yaml_source *y, const char *path, fc_error *err);
void fc_yaml_close(fc_yaml_source *y);

/* FC_EMODEL, with the node's line. */
fc_status fc_yaml_fault(fc_yaml_source *y, const yaml_node_t *node, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- mappings ---- */

typedef struct fc_yaml_key {
    const char *name;
    fc_status (*read)(fc_yaml_source *y, const yaml_node_t *v, void *to);
    size_t offset; /* in the struct that is read into */
    bool required;
} fc_yaml_key;

/* Reads node's pairs by keys [n] into to. */
fc_status fc_yaml_map(fc_yaml_source *y, const yaml_node_t *node, const char *what, const fc_yaml_key *keys,
                      size_t n, void *to);

/* ---- values ---- */

fc_status fc_yaml_text(fc_yaml_source *y, const yaml_node_t *v, void *to);   /* char *, owned */
fc_status fc_yaml_name(fc_yaml_source *y, const yaml_node_t *v, void *to);   /* the same of a model's name */
fc_status fc_yaml_number(fc_yaml_source *y, const yaml_node_t *v, void *to); /* double */
fc_status fc_yaml_cosine(fc_yaml_source *y, const yaml_node_t *v, void *to); /* double, -1..1 */
fc_status fc_yaml_false_matches(fc_yaml_source *y, const yaml_node_t *v, void *to); /* fc_fmr_curve */
fc_status fc_yaml_version(fc_yaml_source *y, const yaml_node_t *v, void *to);       /* int: 1, a file's */
fc_status fc_yaml_int(fc_yaml_source *y, const yaml_node_t *v, int lowest, int highest, int *out);
bool fc_yaml_is(const yaml_node_t *v, const char *word);

#endif
