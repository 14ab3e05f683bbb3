/* One score from several samples'. */
#ifndef FC_MATCH_FUSE_H
#define FC_MATCH_FUSE_H
#include <stddef.h>

typedef enum fc_fuse {
    FC_FUSE_MAX, /* the best sample */
    FC_FUSE_MEAN,
    FC_FUSE_TOP3 /* the mean of the three best, or of all where there are fewer */
} fc_fuse;

extern const char *const fc_fuse_names[]; /* by fc_fuse; a NULL ends them */

/* Scores are added one by one; none of the ways gives more than the best of them. */
typedef struct fc_fused {
    double sum;
    double top[3]; /* falling */
    size_t n;
} fc_fused;

void fc_fused_add(fc_fused *f, double score);
/* f has at least one. */
double fc_fused_score(const fc_fused *f, fc_fuse how);

#endif
