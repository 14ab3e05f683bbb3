/* YAML from outside: small descriptions, read by libyaml within limits. */
#ifndef FC_BASE_YAML_H
#define FC_BASE_YAML_H
#include <yaml.h>

#include "base/bytes.h"

/* The bytes of a description; models.yaml has 4,500. libyaml takes time in proportion to the square of some things, such
 * as %TAG lines: of as many bytes of them, half a second. */
#define FC_YAML_MAX_BYTES ((uint64_t)128 << 10)
#define FC_YAML_MAX_DEPTH 16

/* Loads the document, which has a root and is to be deleted with yaml_document_delete. FC_EMODEL, with the line, for
 * what is not YAML, is deeper than that, has a second document, or has anchors or aliases: with those a small file could take
 * minutes, or describe something without end. FC_EEMPTY: comments and blanks only. */
fc_status fc_yaml_load(yaml_document_t *doc, const fc_bytes *text, const char *name, fc_error *err);

#endif
