/* Figures in Prometheus' text format, from inside. */
#ifndef FC_MONITOR_PROM_IMPL_H
#define FC_MONITOR_PROM_IMPL_H
#include <pthread.h>

#include "monitor/prom.h"

struct series {
    char *value[FC_PROM_LABELS]; /* of its labels, "": none; owned */
    double v;                    /* of a histogram: the sum */
    double *bucket;              /* [nbounds + 1], of a histogram: how many fell into each; owned */
};

struct family {
    const fc_prom_family *is;
    struct series **series; /* [n], by labels; owned */
    size_t n, cap;
};

struct fc_prom {
    pthread_mutex_t lock;
    struct family *family; /* [n], owned */
    size_t n;
    const char *forgotten;     /* a label that is not loaded; NULL: none */
    uint64_t changes, written; /* counted since the beginning; at the last text */
    bool lost;                 /* memory ran out, and a count with it */
};

size_t fc_prom_labels(const fc_prom_family *f);
/* The series of these labels, made where it is not there; NULL: no memory. The lock is held. */
struct series *fc_prom_series(fc_prom *p, size_t family, const char *const *value);

#endif
