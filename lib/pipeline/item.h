/* Items, facecheck/pipeline.h, as the stages have them. */
#ifndef FC_PIPELINE_ITEM_H
#define FC_PIPELINE_ITEM_H
#include "facecheck.h"

/* The record of what came in. An input or a record that failed before makes the item a failed one. */
fc_status fc_item_start(fc_item *it, fc_error *err);
/* The record's path, where it names one and memory does not run out; caller frees. */
char *fc_item_path(fc_item *it);
/* fc_item_fail with the picture's name in front of the message. */
void fc_item_fail_named(fc_item *it, const char *where, const fc_error *fault);
/* For failures that end the run: where the item came from, in front of what cause says. */
fc_status fc_item_broken(const fc_item *it, const fc_error *cause, fc_error *err);
fc_status fc_item_face_broken(const fc_item *it, size_t face, const fc_error *cause, fc_error *err);

#endif
