/* Inside fc-enroll: photos and records on their way into a gallery. */
#ifndef CMD_ENROLL_H
#define CMD_ENROLL_H
#include <pthread.h>

#include "gallery.h"
#include "gallery/alike.h"
#include "run.h"
#include "face_options.h"

struct enroll_args {
    struct common_args common;
    struct gallery_args gallery;
    const char *id, *from_dirs, *id_field, *meta;
    const char *model;
    bool flip, seal, weak_faces, no_check;
    int augment;
    uint64_t seed;
};

typedef enum piece_state { PIECE_NEW, PIECE_KNOWN, PIECE_FAILED } piece_state;

/* One photo or record. */
typedef struct piece {
    fc_item *it;
    char *name;    /* the person's; owned */
    size_t folder; /* with --from-dirs: how many have been begun */
    piece_state state;
    bool has_content;
    uint8_t content[32]; /* SHA-256 */
    char *contract;      /* of the samples; owned */
    size_t dim;
    float *e; /* [n][dim], owned */
    struct piece_sample {
        int face, view;
        double quality; /* NAN: not known */
    } * sample;         /* [n], owned */
    size_t n, e_cap, sample_cap;
    size_t added; /* of them, to the gallery */
} piece;
void piece_free(piece *p);
/* Makes it a failed one, with the item's error. */
void piece_fail(piece *p, const char *where, const fc_error *fault);

/* ---- where pieces come from ---- */

typedef struct source {
    const struct enroll_args *args;
    fc_source_options input;
    fc_source *in; /* of the current folder, or all of them */
    char **folder; /* [nfolders], of --from-dirs, by name; owned */
    char *path;    /* of the current one; owned */
    size_t nfolders, folder_cap, next;
} source;
fc_status source_open(source *s, const struct enroll_args *args, char **operands, int n, fc_error *err);
/* The next item, and whom it is of as far as that is known without reading it; both are the caller's. */
fc_status source_next(source *s, fc_item **it, char **name, fc_error *err);
void source_interrupt(source *s);
void source_close(source *s);

/* ---- what is done with them, on several threads ---- */

typedef struct worker_pool {
    const struct enroll_args *args;
    int jobs;
    pthread_mutex_t lock;
    fc_gallery *known;  /* to see what is there already; NULL: not opened yet */
    char contract[200]; /* of the gallery at the start; "": empty */
    fc_models *models;  /* these are made when a picture needs them */
    char *model;
    fc_pipeline_plan plan;
    fc_stages *stages;
} worker_pool;
void pool_open(worker_pool *w, const struct enroll_args *args, int jobs, const char *contract);
void pool_close(worker_pool *w);
/* Fills in the piece's samples. A failure ends the run. */
fc_status pool_work(worker_pool *w, int worker, piece *p, fc_error *err);

/* The embeddings of the record's faces become samples; face_of: of which face of the photo they are, -1: each of its own. */
fc_status piece_take(piece *p, const fc_item *it, int face_of, fc_error *err);
/* Those of views of its picture, which bytes has where it came on stdin. Failures are the photo's. */
fc_status piece_add_views(worker_pool *w, int worker, piece *p, const fc_bytes *bytes, fc_error *err);

/* ---- how they get into the gallery ---- */

typedef struct writer {
    const struct enroll_args *args;
    fc_gallery *g;
    piece **pending; /* not committed yet; owned */
    size_t npending;
    double committed; /* when, in seconds */
    char *contract;   /* "" before the first sample; owned */
    fc_ids added;     /* samples that are new */
    fc_ids people;    /* who got any of them */
    size_t enrolled, known, failed;
} writer;
fc_status writer_open(writer *w, const struct enroll_args *args, fc_gallery *g, fc_error *err);
void writer_close(writer *w);
/* Takes the piece. Pieces are committed several at a time, and then there is a line on stdout for each. */
fc_status writer_put(writer *w, piece *p, fc_error *err);
fc_status writer_flush(writer *w, fc_error *err);

#endif
