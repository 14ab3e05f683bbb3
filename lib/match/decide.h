/*
 * The one rule by which a score decides.
 *
 * Similarities, distances, classifiers' scores and thresholds are decided upon with six places, as they are printed and
 * stored: both sides are rounded once, by fc_decimal, and what is rounded is compared. So a printed line proves its own
 * verdict, and a threshold that was chosen to refuse a score refuses it everywhere: in fc-match, in a gallery, by a
 * classifier, and in what fc-eval counts.
 */
#ifndef FC_MATCH_DECIDE_H
#define FC_MATCH_DECIDE_H
#include "facecheck.h"

/* v to six places, the nearest such number; never -0. INFINITY, -INFINITY (no score) and NAN stay what they are.
 * |v| < 1e9. */
double fc_decimal(double v);

/* A similarity, or a classifier's score, from the threshold up; INFINITY, -INFINITY and NAN never. */
bool fc_accepts(double score, double threshold);
/* A distance, up to the threshold; the same three never. */
bool fc_accepts_distance(double distance, double threshold);
/* The distance of two unit vectors at this cosine: |a - b|^2 = 2 - 2 cos. */
double fc_distance_at(double cosine);

/* The least threshold that refuses the score, which is a number. */
double fc_threshold_above(double score);
/* The least threshold at which no more than most of the n scores are accepted; -1 where all may be. Sorts them, the
 * greatest first, and last what is never accepted. */
double fc_threshold_for(double *scores, size_t n, size_t most);

#endif
