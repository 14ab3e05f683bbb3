/* What a cache may take of the disk. */
#ifndef FC_PIPELINE_CACHE_BOUND_H
#define FC_PIPELINE_CACHE_BOUND_H
#include "facecheck.h"

/* Where the folders of the two digits that prefix begins with take more than max_bytes of the disk, in all contexts of root
 * together, removes what was written longest ago, until they take seven eighths of it; and whatever part of a file is left of a
 * process that was killed an hour ago. Touches no file but those whose names a cache gives, and follows no link. */
fc_status fc_cache_bound(const char *root, const char *prefix, uint64_t max_bytes, size_t *removed,
                         fc_error *err);

#endif
