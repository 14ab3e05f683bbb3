/*
 * Every pair of a labelled set: genuine where the two labels are equal, impostor where not. Scores are inner products
 * in float32, of unit vectors the cosine. Kernels are chosen by the CPU; each score is summed in the same order by all
 * of them, with fused multiplication and addition where the CPU has it. Any number of workers gives the same result.
 */
#ifndef FC_EVAL_ALLPAIRS_H
#define FC_EVAL_ALLPAIRS_H
#include "facecheck.h"

/* Bin i holds scores s with edge(i) <= s < edge(i + 1), edge(i) = -1 + i / FC_BINS_PER_UNIT exactly; the first one also
 * all lower scores, the last one, at 1, all higher ones. */
#define FC_BINS_PER_UNIT 32768
#define FC_SCORE_BINS    (2 * FC_BINS_PER_UNIT + 1)

typedef struct fc_vectors {
    const float *v;        /* [n][dim], finite */
    const uint32_t *label; /* [n] */
    size_t n, dim;
} fc_vectors;

typedef struct fc_pair_counts {
    uint64_t *genuine, *impostor; /* [FC_SCORE_BINS], owned */
    uint64_t ngenuine, nimpostor;
} fc_pair_counts;

fc_status fc_all_pairs_count(fc_pair_counts *out, const fc_vectors *set, int workers, fc_error *err);
void fc_pair_counts_clear(fc_pair_counts *c);
/* The curve whose thresholds are the bins' edges; counts at these are exact. */
fc_status fc_pair_counts_roc(fc_roc *out, const fc_pair_counts *c, fc_error *err);

typedef struct fc_found_pair {
    uint32_t a, b; /* a < b */
    float score;
} fc_found_pair;

typedef struct fc_found_pairs {
    fc_found_pair *pair; /* [n], owned; by a, then b */
    size_t n, cap;
} fc_found_pairs;

/* Genuine pairs with a score < genuine_below and impostor pairs with a score >= impostor_from. FC_ELIMIT when there
 * are more than max. */
fc_status fc_all_pairs_find(fc_found_pairs *out, const fc_vectors *set, float genuine_below,
                            float impostor_from, size_t max, int workers, fc_error *err);
void fc_found_pairs_clear(fc_found_pairs *p);

/* The instruction set that is used: "avx512", "avx2", "base". */
const char *fc_all_pairs_isa(void);

#endif
