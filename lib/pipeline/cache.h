/*
 * What was made of a file, kept for the next run: texts by the SHA-256 of the file's content and a context, the
 * description of all else that the text depends on (contract, detector and its settings, engine, version). A
 * context has a folder of its own below the cache's, DIR/HASH/, with the description in context.txt; a text is
 * DIR/HASH/ab/cdef....jsonl, behind a line with its checksum. Files appear whole or not at all, so that several processes, on
 * several machines, may use one cache without locks. They are for the owner alone: faces can be told by them.
 *
 * Nothing that is wrong with a cache fails a run: what cannot be read is made again, what cannot be written is not kept, and
 * fc_cache_fault tells.
 */
#ifndef FC_PIPELINE_CACHE_H
#define FC_PIPELINE_CACHE_H
#include "base/bytes.h"
#include "base/codec.h"
#include "facecheck.h"

typedef struct fc_cache_counts {
    size_t hits, misses, stored, removed;
    size_t refused; /* entries that were not what was written: broken, or another's */
} fc_cache_counts;

/* Makes the folders that are not there, and fails where dir cannot be made. FC_EUSAGE: others may write to dir. max_bytes: about so
 * much of the disk, by all contexts in dir together; beyond, what was written longest ago goes. 0: no bound. */
fc_status fc_cache_open(fc_cache **out, const char *dir, const char *context, uint64_t max_bytes,
                        fc_error *err);
void fc_cache_close(fc_cache *c);
/* These may be called by several threads. Failures are FC_ENOMEM alone. */
/* FC_END: not there, or not to be used. */
fc_status fc_cache_get(fc_cache *c, const char sha256[FC_SHA256_HEX], fc_bytes *out, fc_error *err);
fc_status fc_cache_put(fc_cache *c, const char sha256[FC_SHA256_HEX], const void *text, size_t n,
                       fc_error *err);
/* A text that was got is not what the caller writes: counts it as refused, and as no hit. */
void fc_cache_refuse(fc_cache *c);

fc_cache_counts fc_cache_counted(fc_cache *c);
/* The first thing that went wrong, NULL: nothing did. */
const char *fc_cache_fault(fc_cache *c);

#endif
