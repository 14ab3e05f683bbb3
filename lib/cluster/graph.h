/* Links both ways, and what hangs together by them. */
#ifndef FC_CLUSTER_GRAPH_H
#define FC_CLUSTER_GRAPH_H
#include "cluster/links.h"

/* Each pair that is linked once, from both of its faces. */
typedef struct fc_link_graph {
    size_t n;
    uint64_t *first; /* [n + 1], owned: of face i the edges first[i] .. first[i + 1] - 1 */
    fc_link *edge;   /* owned */
} fc_link_graph;
fc_status fc_link_graph_make(fc_link_graph *g, const fc_links *l, fc_error *err);
void fc_link_graph_clear(fc_link_graph *g);

/* group [n]: a number below n for each face, the same for those that belong together. */
void fc_group_components(uint32_t *group, const fc_link_graph *g);
fc_status fc_group_whispers(uint32_t *group, const fc_link_graph *g, uint64_t seed, fc_error *err);

#endif
