/*
 * What was made of a file, kept for the next run: texts by the SHA-256 of the file's content and a context, the
 * description of all else that the text depends on (contract, detector and its settings, engine, version). A
 * context has a folder of its own below the cache's, DIR/HASH/, with the description in context.txt; a text is
 * DIR/HASH/ab/cdef....jsonl. Files appear whole or not at all, and several processes may use one cache. They are for the owner alone: faces can be told by them.
 */
#ifndef FC_PIPELINE_CACHE_H
#define FC_PIPELINE_CACHE_H
#include "base/bytes.h"
#include "base/codec.h"
#include "facecheck.h"

/* Makes the folders that are not there. */
fc_status fc_cache_open(fc_cache **out, const char *dir, const char *context, fc_error *err);
void fc_cache_close(fc_cache *c);
/* FC_END: not there. */
fc_status fc_cache_get(const fc_cache *c, const char sha256[FC_SHA256_HEX], fc_bytes *out, fc_error *err);
fc_status fc_cache_put(const fc_cache *c, const char sha256[FC_SHA256_HEX], const void *text, size_t n,
                       fc_error *err);

#endif
