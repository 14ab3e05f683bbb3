/* The stages, with a cache before them. */
#ifndef FC_PIPELINE_CACHED_H
#define FC_PIPELINE_CACHED_H
#include "facecheck.h"

/*
 * fc_stages_run, but that a picture which the cache knows by its bytes gets the record, the note and the fault that the stages
 * would give it, and what they do give is put there: faces and embeddings, no faces at all, and what is wrong with the bytes. Not
 * what is wrong with a file, a machine or a model. Times are those of when it was made. c NULL: no cache. Pictures that come as
 * bytes, frames and records are not looked for; nor is any where the plan does not embed, or keeps pictures. The context that
 * the cache was opened with has to describe the plan.
 */
fc_status fc_stages_run_cached(fc_stages *s, fc_cache *c, int worker, fc_item *it, fc_error *err);

#endif
