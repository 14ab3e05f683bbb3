/* Sources (facecheck/pipeline.h) from inside. */
#ifndef FC_PIPELINE_SOURCE_H
#define FC_PIPELINE_SOURCE_H
#include "facecheck.h"

/* Whether fc_source_interrupt was called. */
bool fc_source_is_interrupted(const fc_source *in);

/* fc_source_decoding, of what is known only when a video comes: ask is called before the first, on the thread of fc_source_next, whose
 * failure it is where it fails. */
void fc_source_decoding_by(fc_source *in, fc_status (*ask)(void *ctx, fc_image_options *out, fc_error *err),
                           void *ctx);

#endif
