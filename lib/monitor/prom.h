/*
 * Figures in Prometheus' text format (0.0.4): for a server's /metrics, and for a file of the node exporter's textfile
 * collector. What a program counts is a table of families, and a family's number is its place there:
 *
 *     enum { TRACKS, SECONDS, FAMILIES };
 *     static const fc_prom_family families[FAMILIES] = {
 *         [TRACKS] = {.name = "facecheck_tracks_total", .help = "Tracks that ended.", .kind = FC_PROM_COUNTER, .label = {"camera"}},
 *         [SECONDS] = {.name = "facecheck_track_seconds", .help = "How long they were.", .kind = FC_PROM_HISTOGRAM, .label = {"camera"},
 *                      .bounds = bounds, .nbounds = sizeof bounds / sizeof *bounds},
 *     };
 *     s = fc_prom_new(&prom, families, FAMILIES, err);
 *     s = fc_prom_load(prom, path, err);                       the counts of the run before
 *     fc_prom_add(prom, TRACKS, (const char *[]){camera}, 1);
 *     s = fc_prom_save(prom, path, err);                       whole, or not at all
 *
 * A family has at most FC_PROM_SERIES label sets; what would be one more is counted under "other". Nothing here keeps names of people
 * out: that is for the caller.
 */
#ifndef FC_MONITOR_PROM_H
#define FC_MONITOR_PROM_H
#include "facecheck.h"

enum {
    FC_PROM_LABELS = 4,
    FC_PROM_SERIES = 1000,
    FC_PROM_LABEL_SIZE = 1024,    /* bytes of a label's value; longer ones are "other" */
    FC_PROM_FILE_SIZE = 64 << 20, /* what fc_prom_load reads */
};

typedef enum fc_prom_kind { FC_PROM_COUNTER, FC_PROM_GAUGE, FC_PROM_HISTOGRAM } fc_prom_kind;

typedef struct fc_prom_family {
    const char *name, *help;
    fc_prom_kind kind;
    const char *label[FC_PROM_LABELS]; /* up to the first NULL */
    const double *bounds;              /* [nbounds], rising: the buckets' upper ends, without infinity */
    size_t nbounds;
} fc_prom_family;

typedef struct fc_prom fc_prom; /* for any number of threads */

/* The table is borrowed. A counter or histogram without labels is there from the beginning, with 0; others
 * when they are first counted. */
fc_status fc_prom_new(fc_prom **out, const fc_prom_family *family, size_t n, fc_error *err);
void fc_prom_free(fc_prom *p);

/* value: one for each of the family's labels, NULL or "" where it has none; NULL for a family without labels. A count that
 * there is no memory for is lost, and fc_prom_text and fc_prom_save fail from then on. by, v: finite; others are left out. */
void fc_prom_add(fc_prom *p, size_t family, const char *const *value,
                 double by);                                                     /* a counter: not negative */
void fc_prom_set(fc_prom *p, size_t family, const char *const *value, double v); /* a gauge */
void fc_prom_change(fc_prom *p, size_t family, const char *const *value, double by); /* a gauge */
void fc_prom_observe(fc_prom *p, size_t family, const char *const *value, double v); /* a histogram */

/* Series are sorted by their labels. Caller frees; NULL: no memory. */
char *fc_prom_text(fc_prom *p);

/* Adds the counters and histograms of what fc_prom_save wrote, so that they go on rising; a file that is not there, or
 * empty, has none. FC_EFORMAT: it is not such a file, or one of other figures, which would be lost. */
fc_status fc_prom_load(fc_prom *p, const char *path, fc_error *err);
/* The same from memory; name is for messages. */
fc_status fc_prom_parse(fc_prom *p, const char *text, size_t n, const char *name, fc_error *err);
/* What is loaded from now on has this label empty, and what it told apart is added up; the text is borrowed. */
void fc_prom_forget(fc_prom *p, const char *label);
/* Under a temporary name first, in the same folder (fc_atomic_open). */
fc_status fc_prom_save(fc_prom *p, const char *path, fc_error *err);

/* ---- a file that is kept up to date ---- */

typedef struct fc_prom_file fc_prom_file;

/* Loads what is at path, and from then on writes it, by a thread, within seconds after something was counted. */
fc_status fc_prom_file_open(fc_prom_file **out, fc_prom *p, const char *path, fc_error *err);
/* Whether a writing failed; to be asked between items. */
fc_status fc_prom_file_check(fc_prom_file *f, fc_error *err);
/* Writes what there is. Does nothing for NULL. */
fc_status fc_prom_file_close(fc_prom_file *f, fc_error *err);

#endif
