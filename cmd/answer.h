/* Answers of fc-match as lines of JSON, one a face: fc-match writes them, fc-serve sends them. */
#ifndef CMD_ANSWER_H
#define CMD_ANSWER_H
#include <jansson.h>

#include "base/names.h"
#include "facecheck.h"

enum metric { METRIC_COSINE, METRIC_EUCLIDEAN };
#define COSINE                  "cosine"
#define EUCLIDEAN               "euclidean"
#define METRICS(FIRST, X, LAST) FIRST(METRIC_COSINE, COSINE) LAST(METRIC_EUCLIDEAN, EUCLIDEAN)
extern const char *const metric_names[];

/* ---- parts of a line ---- */

/* Borrowed. */
json_t *answer_score_of(const json_t *rec, size_t face);
/* A line's beginning: v, probe, face, box. */
json_t *answer_begin(const fc_item *it, size_t face);
/* Its end: what the answer is based on. */
void answer_end(json_t *o, bool timings, const fc_item *it, size_t face);
/* The line of a probe that failed. */
json_t *answer_failed(const fc_item *it);
/* The embeddings of the item's faces, [*n][dim]; caller frees. */
fc_status answer_vectors(const fc_item *it, size_t dim, float **out, size_t *n, fc_error *err);

/* ---- with a reference: answer_reference.c ---- */

struct reference {
    json_t *rec;   /* its record; owned */
    float *vector; /* [dim], owned */
    size_t dim;
};
/* The item's face, which is its only one, or why there is none; path is for messages. */
fc_status reference_take(struct reference *r, const fc_item *it, const char *path, fc_error *err);
void reference_clear(struct reference *r);

struct comparison {
    int metric;
    double threshold; /* of that metric */
    bool timings;
    const fc_model_facts
        *model; /* of two models, each one's similarity is told, too; NULL: no need to know */
};
/* asked: NAN: what the model states. FC_EUSAGE: outside of what the metric can be; name is for that message. FC_EMODEL: the
 * model states none. */
fc_status comparison_threshold(double *out, double asked, int metric, double of_model, const char *name,
                               fc_error *err);

struct compared {
    bool match;
    double similarity, distance, ms;
    double part[2]; /* of two models, each one's similarity */
};
/* The probe's face. FC_ECONTRACT: its embedding is of another length. */
fc_status reference_compare(const struct reference *r, const struct comparison *c, const fc_item *it,
                            size_t face, struct compared *out, fc_error *err);
json_t *reference_line(const struct reference *r, const struct comparison *c, const fc_item *it, size_t face,
                       const struct compared *d);
/* Whether there are two models, whose similarities compared has. */
bool comparison_has_parts(const struct comparison *c);
json_t *reference_failed(const struct reference *r, const fc_item *it);

/* ---- with a gallery: answer_people.c ---- */

/* A gallery's people as they were when it was opened; immutable, for any number of threads. */
struct people {
    fc_table *t;
    fc_table_size size;
    char contract[200];          /* "": nobody is there */
    uint8_t state[16];           /* of the gallery's samples */
    fc_calibration *calibration; /* NULL: there is none */
    uint64_t photos;             /* where they were counted */
    fc_head *head;               /* NULL: the gallery alone decides */
    fc_two_stage *stages;
};
/* count: photos are counted, for a threshold that is to be chosen. A gallery that is still to be made has nobody. */
fc_status people_read(struct people *p, fc_gallery *g, bool count, fc_error *err);
/* The head's file; after people_read. *stale: it was trained on other contents of the gallery. */
fc_status people_open_head(struct people *p, const char *path, bool *stale, fc_error *err);
void people_clear(struct people *p);

struct people_how {
    const struct people *people;
    fc_identify_options identify;
    fc_threshold chosen; /* threshold NAN: the user chose it */
    bool timings;
};

/* What is found of an item: who the faces look like, and who they are. */
struct found {
    fc_identity *who;      /* [faces], owned */
    fc_decision *decision; /* [faces], owned */
};
/* On any thread. The item's result becomes a struct found; NULL for an item that failed or has no faces. */
fc_status people_find(const struct people_how *how, fc_item *it, fc_error *err);
/* Who the face is; false: nobody known. FC_ECORRUPT: the table is damaged. */
fc_status people_who(const struct people_how *how, const fc_item *it, size_t face, fc_table_subject *who,
                     bool *known, fc_error *err);
/* is: NULL: nobody known */
fc_status people_line(const struct people_how *how, const fc_item *it, size_t face,
                      const fc_table_subject *is, json_t **line, fc_error *err);

#endif
