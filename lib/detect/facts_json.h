/* What runs a detector's networks, as reports carry it. */
#ifndef FC_DETECT_FACTS_JSON_H
#define FC_DETECT_FACTS_JSON_H
#include <jansson.h>

#include "facecheck.h"

/* [{"network": "P-Net", "engine": as fc_engine_json}]; of NULL null. NULL where memory is short. */
json_t *fc_detector_json(const fc_detector *d);

#endif
