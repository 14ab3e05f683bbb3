/* What ran, as reports carry it. */
#ifndef FC_ENGINES_FACTS_JSON_H
#define FC_ENGINES_FACTS_JSON_H
#include <jansson.h>

#include "facecheck.h"

/* {"name", "version", "precision", "device", "isa"}; what is not known is null. NULL where memory is short. */
json_t *fc_engine_json(const fc_engine_facts *f);

#endif
