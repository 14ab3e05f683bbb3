/*
 * How far distributions moved between two sets of samples, and which samples lines of the tools hold.
 *
 * The population stability index is sum((q - p) ln(q / p)) over bins that BASE's quantiles cut, so that each holds the same
 * share p of BASE, and q is that of NOW (Siddiqi, Credit Risk Scorecards, 2006; the symmetric divergence of Jeffreys 1946).
 * A share is at least FC_DRIFT_LEAST_SHARE. Where nothing moved, psi n m / (n + m) is about chi-squared with bins - 1 degrees of
 * freedom (Yurdakul and Naranjo, Journal of Risk Model Validation 14(4), 2020): its mean is what the noise figure says.
 *
 * The distance of Kolmogorov and Smirnov is the greatest difference of the two empirical distribution functions; its p is
 * that of the limiting distribution (Smirnov 1948) at sqrt(n m / (n + m)) D, which is conservative where values repeat.
 */
#ifndef FC_MONITOR_DRIFT_H
#define FC_MONITOR_DRIFT_H
#include <jansson.h>
#include "facecheck.h"

#define FC_DRIFT_LEAST_SHARE 1e-4
enum {
    FC_DRIFT_BINS = 10,
    FC_DRIFT_MAX_BINS = 100,
    FC_DRIFT_PER_BIN = 50 /* samples of each side that a bin wants at least */
};

typedef struct fc_drift {
    size_t base, now;  /* samples */
    size_t bins;       /* where BASE's values repeat, others than were asked for */
    double psi, noise; /* noise: what no drift gives on average */
    double ks, p;
    double base_quantile[3], now_quantile[3]; /* 5 %, the median, 95 % */
} fc_drift;

/* base [n] and now [m], finite, get sorted. FC_EDATA: fewer samples than bins * FC_DRIFT_PER_BIN on a side. */
fc_status fc_drift_compare(fc_drift *out, double *base, size_t n, double *now, size_t m, size_t bins,
                           fc_error *err);
/* P(sqrt(n) D > x) in the limit, for x >= 0. */
double fc_kolmogorov(double x);
/* Samples of each side that it takes for a bound on psi to be twice the noise. */
size_t fc_drift_least(size_t bins, double bound);

/* ---- samples ---- */

typedef enum fc_drift_value {
    FC_DRIFT_SIMILARITY, /* with whoever is most similar */
    FC_DRIFT_MATCH,      /* the same, of faces that are somebody's */
    FC_DRIFT_NO_MATCH,   /* and of the others */
    FC_DRIFT_SCORE,      /* the detector's */
    FC_DRIFT_FACE,       /* width of the box */
    FC_DRIFT_SHARPNESS,
    FC_DRIFT_EYES,
    FC_DRIFT_FACES, /* in a picture */
    FC_DRIFT_DECODE,
    FC_DRIFT_DETECT,
    FC_DRIFT_ALIGN,
    FC_DRIFT_EMBED,
    FC_DRIFT_TOTAL, /* of these stages */
    FC_DRIFT_N
} fc_drift_value;
extern const char *const fc_drift_names[]; /* by value; NULL ends the list */

typedef struct fc_drift_set {
    struct fc_drift_samples {
        double *v; /* [n], owned */
        size_t n, cap;
    } value[FC_DRIFT_N];
    uint64_t lines;
    uint64_t pictures, faceless, failed; /* failed ones are none of the pictures */
    uint64_t decided, matched;
} fc_drift_set; /* {0} */
void fc_drift_set_clear(fc_drift_set *s);
/* A record, or a line of fc-match. Other lines hold no samples. */
fc_status fc_drift_set_add(fc_drift_set *s, const json_t *line, fc_error *err);
/* All lines of a file, NULL: of standard input. FC_ERECORD: one is no object of JSON. */
fc_status fc_drift_set_read(fc_drift_set *s, const char *path, fc_error *err);

#endif
