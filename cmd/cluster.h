/* What the files of fc-cluster share. */
#ifndef CMD_CLUSTER_H
#define CMD_CLUSTER_H
#include <stdio.h>

#include "facecheck.h"

/* Records and vectors on their way, in files without a name: there may be more than memory holds. */
typedef struct spool {
    FILE *lines;   /* of records */
    FILE *vectors; /* float32 */
    size_t records, faces, dim;
    const float *v; /* [faces][dim] after spool_map */
    size_t mapped;
} spool;

/* In TMPDIR, or /tmp. */
fc_status spool_open(spool *s, size_t dim, fc_error *err);
/* The item's line and its faces' embeddings. */
fc_status spool_put(spool *s, fc_item *it, fc_error *err);
fc_status spool_map(spool *s, fc_error *err);
/* Each record, in order, with the number of its first face. */
fc_status spool_each(spool *s, fc_status (*take)(void *ctx, fc_record *rec, size_t first, fc_error *err),
                     void *ctx, fc_error *err);
void spool_close(spool *s);

#endif
