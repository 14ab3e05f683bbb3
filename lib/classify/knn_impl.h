/* What k-NN's answers and its training share; knn.h is for others. */
#ifndef FC_CLASSIFY_KNN_IMPL_H
#define FC_CLASSIFY_KNN_IMPL_H
#include "classify/knn.h"
#include "match/search.h"

enum { FC_KNN_AT_ONCE = 256 }; /* rows that are searched for together */

struct fc_knn {
    fc_table *t;
    char contract[200];
    fc_knn_settings settings;
    fc_knn_measured measured;
};

/* hits: [n], by falling score, so that the first of those that are even is the nearest. n 0: nobody (SIZE_MAX). */
fc_knn_answer fc_knn_count_votes(const fc_knn_settings *s, const fc_hit *hits, size_t n);
/* The k nearest rows of each query: queries [n][dim], n <= FC_KNN_AT_ONCE; hits [n][k], found [n]; group and leave as in
 * fc_search_options. */
fc_status fc_knn_find_hits(const fc_knn *m, const float *queries, size_t n, const size_t *group,
                           const size_t *leave, fc_hit *hits, size_t *found, fc_error *err);

#endif
