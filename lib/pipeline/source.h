/* Sources (facecheck/pipeline.h) from inside. */
#ifndef FC_PIPELINE_SOURCE_H
#define FC_PIPELINE_SOURCE_H
#include "facecheck.h"

/* Whether fc_source_interrupt was called. */
bool fc_source_is_interrupted(const fc_source *in);

#endif
