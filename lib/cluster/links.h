/* Each face's most similar faces. */
#ifndef FC_CLUSTER_LINKS_H
#define FC_CLUSTER_LINKS_H
#include "facecheck.h"

typedef struct fc_link {
    uint32_t to; /* UINT32_MAX: none, nor behind it */
    float similarity;
} fc_link;

/* What decides the links. */
typedef struct fc_links_key {
    uint64_t n, dim, k;
    uint64_t block; /* faces that all are compared with at a time */
    double threshold;
    uint8_t faces[32]; /* SHA-256 of the numbers */
} fc_links_key;

/* In memory or in a file, mapped. */
typedef struct fc_links {
    fc_links_key key;
    fc_link *link;         /* [n][k], by falling similarity, then rising face */
    uint64_t *blocks_done; /* of the faces that all are compared with */
    void *map;
    size_t map_size;
    int fd; /* -1: memory */
    char *path;
} fc_links;

/* state: the file, which is made, or gone on with where its key is this one; NULL: memory. */
fc_status fc_links_open(fc_links *l, const fc_links_key *key, const char *state, fc_error *err);
/* So many blocks are done, whatever happens to the machine. */
fc_status fc_links_keep(fc_links *l, uint64_t blocks, fc_error *err);
/* FC_ECORRUPT where they cannot be what was found. */
fc_status fc_links_check(const fc_links *l, fc_error *err);
void fc_links_close(fc_links *l);

enum { FC_LINKS_BLOCK = 65536 }; /* key.block, but for tests */

/* Finds what is not done yet. *resumed: faces that were. v [n][dim], as the key says. */
fc_status fc_links_find(fc_links *l, const float *v, const fc_cluster_options *opt, size_t *resumed,
                        fc_error *err);

#endif
