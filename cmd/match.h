/* Inside fc-match: probes against a reference, a gallery, or a classifier. */
#ifndef CMD_MATCH_H
#define CMD_MATCH_H
#include "base/names.h"
#include "gallery.h"
#include "facecheck.h"
#include "run.h"

enum metric { METRIC_COSINE, METRIC_EUCLIDEAN };
#define COSINE                  "cosine"
#define EUCLIDEAN               "euclidean"
#define METRICS(FIRST, X, LAST) FIRST(METRIC_COSINE, COSINE) LAST(METRIC_EUCLIDEAN, EUCLIDEAN)
enum match_format { MATCH_JSON, MATCH_TSV };

struct match_args {
    struct common_args common;
    const char *model; /* NULL: the reference's, or the default */
    bool flip;
    int metric;
    double threshold; /* NAN: the model's */
    int format;
    bool no_timings;
    /* a gallery, or a classifier */
    struct gallery_args gallery;
    double fpir; /* NAN: the gallery's, or FC_DEFAULT_FPIR */
    int candidates, fuse;
    bool unique, attendance;
    const char *knn, *head;
};
/* The last part, for the option tables. */
extern const option people_options[];

/* ---- lines ---- */

/* A copy of the record's path under another name. */
void match_put_path(json_t *o, const char *key, const json_t *rec);
json_t *match_score_of(const json_t *rec, size_t face);
/* A number of a record in a table's field; empty where it is none. */
void match_put_score(const json_t *score);
/* run_all's exit code, where the answer can be no: EXIT_NO for probes none of which matches. Without a probe there is no
 * answer: EXIT_PARTLY. */
int match_exit_code(int code, size_t probes, size_t matches);
/* Takes the line. */
fc_status match_write_line(json_t *o, fc_error *err);

/* ---- without a reference: all operands are probes. Return the exit code, all messages given ---- */
int match_people(const program *p, const struct match_args *args, char **operands, int n);
int match_classifier(const program *p, const struct match_args *args, char **operands, int n);

/* ---- a gallery's threshold: match_threshold.c ---- */

/* c: its calibration; NULL: it has none. Says what was chosen, and why, with note(). */
fc_status match_choose_threshold(fc_threshold *out, const struct match_args *args, const fc_calibration *c,
                                 const fc_model_facts *model, uint64_t people, uint64_t photos,
                                 fc_error *err);
/* What it was chosen by, for the lines: "calibration", "curve", "model". */
const char *match_threshold_by(const fc_threshold *t);

/* ---- what the two have in common ---- */

/* The run's model: that of the contract, unless one is asked for. *model is to be freed after the run. "" where any
 * will do. */
fc_status match_open_run(run *r, const struct match_args *args, const char *contract, const char *whose,
                         char **model, char **operands, int n, fc_error *err);
/* The embeddings of the item's faces, [*n][dim]; caller frees. */
fc_status match_vectors(const fc_item *it, size_t dim, float **out, size_t *n, fc_error *err);
/* A line's beginning: v, probe, face, box. */
json_t *match_new_line(const fc_item *it, size_t face);
/* Its end: what the answer is based on. */
void match_end_line(json_t *o, const struct match_args *args, const fc_item *it, size_t face);
/* A failed item's line or message, or the message that there is no face. *done: there is nothing more to say. */
fc_status match_no_faces(const struct match_args *args, const fc_item *it, bool *done, fc_error *err);

#endif
