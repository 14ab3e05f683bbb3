/* Inside fc-match: probes against a reference, a gallery, or a classifier. */
#ifndef CMD_MATCH_H
#define CMD_MATCH_H
#include "answer.h"
#include "gallery.h"
#include "monitor/figures.h"
#include "facecheck.h"
#include "run.h"

enum match_format { MATCH_JSON, MATCH_TSV, MATCH_INFLUX, MATCH_PROM };

struct match_args {
    struct common_args common;
    const char *model; /* NULL: the reference's, or the default */
    bool flip;
    int metric;
    double threshold; /* NAN: the model's */
    int format;
    bool no_timings, tag_person;
    const char *output;   /* of MATCH_PROM: NULL: stdout */
    fc_figures **figures; /* of MATCH_INFLUX and MATCH_PROM; what it points to is NULL before match_begin */
    /* a gallery, or a classifier */
    struct gallery_args gallery;
    double fpir; /* NAN: the gallery's, or FC_DEFAULT_FPIR */
    int candidates, fuse;
    bool unique, attendance;
    const char *knn, *classify, *head;
};
/* The last part, for the option tables. */
extern const option people_options[];

/* ---- lines ---- */

/* A number of a record in a table's field; empty where it is none. */
void match_put_score(const json_t *score);
/* run_all's exit code, where the answer can be no: EXIT_NO for probes none of which matches. Without a probe there is no
 * answer: EXIT_PARTLY. */
int match_exit_code(int code, size_t probes, size_t matches);
/* Before the first picture: a table's header, or figures. */
fc_status match_begin(const struct match_args *args, const char *header, fc_error *err);
/* The run's exit code, once the figures are out. */
int match_end(const struct match_args *args, int code);
/* A picture, before its faces. */
fc_status match_count_picture(const struct match_args *args, const fc_item *it, fc_error *err);
/* The line of a face, or of an item that failed. Takes it. */
fc_status match_write_line(const struct match_args *args, const fc_item *it, json_t *o, fc_error *err);

/* ---- without a reference: all operands are probes. Return the exit code, all messages given ---- */
int match_people(const program *p, const struct match_args *args, char **operands, int n);
int match_classifier(const program *p, const struct match_args *args, char **operands, int n);

/* ---- what the two have in common ---- */

/* The run's model: that of the contract, unless one is asked for. *model is to be freed after the run. "" where any
 * will do. */
fc_status match_open_run(run *r, const struct match_args *args, const char *contract, const char *whose,
                         char **model, char **operands, int n, fc_error *err);
/* The message that there is no face in a picture, of which a video's frames need none. */
void match_say_no_face(const struct match_args *args, const fc_item *it);
/* A failed item's line or message, or the message that there is no face. *done: there is nothing more to say. */
fc_status match_no_faces(const struct match_args *args, const fc_item *it, bool *done, fc_error *err);

#endif
