/* What the protocols share; protocol.h is for others. */
#ifndef FC_EVAL_PROTOCOL_IMPL_H
#define FC_EVAL_PROTOCOL_IMPL_H
#include <math.h>

#include "facecheck.h"
#include "match/similarity.h"

static inline bool fc_eval_has(const fc_eval_set *s, size_t i)
{
    return s->picture[i].missing == FC_CAUSE_NONE;
}

static inline const float *fc_eval_row(const fc_eval_set *s, size_t i)
{
    return s->v + i * s->dim;
}

/* The score that decides; -INFINITY where one of them has no template. */
static inline double fc_eval_score(const fc_eval_set *s, size_t a, size_t b)
{
    return fc_eval_has(s, a) && fc_eval_has(s, b)
               ? fc_decimal(fc_cosine(fc_eval_row(s, a), fc_eval_row(s, b), s->dim))
               : -(double)INFINITY;
}

/* The worst first: those furthest on the wrong side of their threshold. */
void fc_eval_sort_cases(fc_eval_result *r);

#endif
