/* Who is in an archive, without names: groups of faces that look like one person each. */
#ifndef FACECHECK_CLUSTER_H
#define FACECHECK_CLUSTER_H

#include "facecheck/base.h"

FC_BEGIN_DECLS

/*
 * Each face is linked to its most similar faces, as far as their cosine reaches a threshold; then faces that hang together are
 * one cluster. The search is exact, block by block, and the result the same for any number of threads, on any CPU.
 *
 *     fc_clusters c;
 *     if (!fc_cluster(&c, v, n, dim, &(fc_cluster_options){.threshold = 0.45}, &err))
 *         for (size_t i = 0; i < n; i++)
 *             put(photo[i], c.of[i]);
 *     fc_clusters_clear(&c);
 */

typedef enum fc_cluster_way {
    /* Chinese whispers (Biemann 2006, "Chinese Whispers: an efficient graph clustering algorithm and its application to natural
     * language processing problems"): each face takes over the cluster that its links speak most for, by the sum of their
     * similarities, in rounds of random order until nothing changes. Two people whom one link joins stay two. */
    FC_CLUSTER_WHISPERS,
    /* Connected components: what any chain of links joins is one. */
    FC_CLUSTER_COMPONENTS
} fc_cluster_way;

enum {
    FC_CLUSTER_LINKS = 32,        /* of a face, where nothing else is said */
    FC_CLUSTER_MOST_LINKS = 1000, /* that can be asked for */
    FC_CLUSTER_ROUNDS = 100       /* of whispers, at most */
};

/* All 0 are good settings, but for the threshold. */
typedef struct fc_cluster_options {
    fc_cluster_way way;
    double threshold; /* least cosine of a link, -1..1 */
    size_t links;     /* of a face at most, to those most similar; 0: FC_CLUSTER_LINKS */
    size_t least;     /* faces that make a cluster; 0: 2 */
    uint64_t seed;    /* of the rounds' order */
    int jobs;         /* threads; 0: as many as there are CPUs */
    /* A file that keeps the links as they are found, so that a run which was stopped goes on where it was; with other faces
     * or settings it begins again. NULL: memory. It takes 8 bytes a link. */
    const char *state;
    void (*progress)(void *ctx, size_t done,
                     size_t all); /* comparisons, in faces; on the calling thread. NULL: none */
    void *ctx;
} fc_cluster_options;

typedef struct fc_clusters {
    uint32_t *
        of; /* [n], owned: 1..count, by falling size, then by the first face; 0: in none, or in too small a one */
    size_t *size; /* [count], owned: of cluster i + 1 */
    size_t n, count;
    size_t alone;   /* faces in none */
    uint64_t links; /* pairs of faces */
    size_t resumed; /* faces whose search the state's file had behind it */
} fc_clusters;

/* v [n][dim]: of any length but zero; may be a mapped file. About 2 bytes a number of memory for a block of 65,536 faces, 12
 * bytes a face, and 16 bytes a pair that is linked. FC_EUSAGE: no such setting, or a face without a direction, whose number is
 * in the message. FC_ECORRUPT: the state's file is damaged. FC_EIO: another process works on it. */
fc_status fc_cluster(fc_clusters *out, const float *v, size_t n, size_t dim, const fc_cluster_options *opt,
                     fc_error *err);
void fc_clusters_clear(fc_clusters *c);

FC_END_DECLS
#endif
