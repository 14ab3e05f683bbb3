/* Inside enrolment: photos and records on their way into a gallery. */
#ifndef FC_GALLERY_ENROL_IMPL_H
#define FC_GALLERY_ENROL_IMPL_H
#include <pthread.h>

#include "facecheck.h"
#include "gallery/ids.h"

typedef struct fc_enrol_sample {
    int face, view;
    double quality; /* NAN: not known */
} fc_enrol_sample;

/* One photo or record. */
typedef struct fc_enrol_photo {
    fc_item *it;                      /* NULL: it is a template, and all the rest is filled in */
    char *id;                         /* the person's name; owned */
    char *path;                       /* owned; NULL: it has none */
    size_t people;                    /* how many of those with photos of their own have been begun */
    fc_enrol_outcome outcome, before; /* before it was put */
    bool has_content;
    uint8_t content[32]; /* SHA-256 */
    char *contract;      /* of the samples; owned */
    size_t dim;
    float *e;                /* [n][dim], owned */
    fc_enrol_sample *sample; /* [n], owned */
    size_t n, e_cap, sample_cap;
    size_t added; /* of them, to the gallery */
} fc_enrol_photo;
void fc_enrol_photo_free(fc_enrol_photo *p);
/* The path of its record, *path NULL: none, or none that can be read; caller frees. Only memory can run out. */
fc_status fc_enrol_path_of(const fc_record *rec, char **path, fc_error *err);
/* Makes it a refused one, with the item's error. */
fc_status fc_enrol_photo_refuse(fc_enrol_photo *p, const char *where, const fc_error *fault, fc_error *err);
/* Takes a copy. FC_ECONTRACT where it cannot be compared with those that are there. */
fc_status fc_enrol_photo_add(fc_enrol_photo *p, const float *e, size_t dim, const char *contract,
                             fc_enrol_sample about, fc_error *err);
/* The embeddings of the record's faces become samples; face_of: of which face of the photo they are, -1: each of its own. */
fc_status fc_enrol_photo_take(fc_enrol_photo *p, const fc_item *it, int face_of, fc_error *err);

/* ---- enrol_sources.c: where photos come from ---- */

/* What was added: a person's folder or photo, or a source. */
typedef struct fc_enrol_part {
    char *id;         /* owned; NULL: the records say it */
    const char *base; /* the folder in which the person's is; NULL: none */
    char *path;       /* owned; NULL: it is id in base */
    fc_source *in;    /* the caller's; NULL: opened when its turn comes */
} fc_enrol_part;

typedef struct fc_enrol_sources {
    const fc_enrolment_settings *set;
    fc_enrol_part *part; /* [n], owned */
    size_t n, cap, next;
    size_t people, people_begun; /* parts that are no sources */
    char **base;                 /* [nbase], owned */
    size_t nbase, base_cap;
    fc_source_options options; /* of the part that is open */
    char *path;                /* its operand, where it has no own one; owned */
    pthread_mutex_t lock;
    fc_source *in; /* under lock: of the part that is open */
    bool interrupted;
    /* Templates, behind the parts; the caller's. */
    const fc_templates *templates;
    const char *contract;
    size_t next_template;
    /* How frames are decoded, where there are any (fc_source_decoding_by). */
    fc_status (*decoding)(void *ctx, fc_image_options *out, fc_error *err);
    void *decoding_ctx;
} fc_enrol_sources;
void fc_enrol_sources_init(fc_enrol_sources *s, const fc_enrolment_settings *set);
fc_status fc_enrol_sources_people(fc_enrol_sources *s, const char *dir, fc_error *err);
/* One of path and in is NULL. */
fc_status fc_enrol_sources_add(fc_enrol_sources *s, const char *id, const char *path, fc_source *in,
                               fc_error *err);
/* The next photo, and whom it is of as far as that is known without reading it. */
fc_status fc_enrol_sources_next(fc_enrol_sources *s, fc_enrol_photo **out, fc_error *err);
void fc_enrol_sources_interrupt(fc_enrol_sources *s);
void fc_enrol_sources_clear(fc_enrol_sources *s);

/* ---- enrol_work.c, enrol_faces.c, enrol_views.c: what is done with them, on several threads ---- */

typedef struct fc_enrol_work {
    const fc_enrolment_settings *set;
    int jobs;
    const char *gallery; /* its path */
    pthread_mutex_t lock;
    fc_gallery *known;       /* to see what is there already; NULL: not opened yet */
    char contract[200];      /* of the gallery at the start; "": empty */
    fc_models *opened;       /* by the settings' function */
    const fc_models *models; /* these are made when a picture needs them */
    char *model;
    fc_pipeline_plan plan;
    fc_stages *stages;
    fc_cache *cache; /* of the settings' function */
} fc_enrol_work;
void fc_enrol_work_init(fc_enrol_work *w, const fc_enrolment_settings *set);
void fc_enrol_work_clear(fc_enrol_work *w);
/* The models, which are opened once. */
fc_status fc_enrol_work_models(fc_enrol_work *w, fc_error *err);
/* How frames of videos are decoded, which wants the models. ctx is an fc_enrol_work. */
fc_status fc_enrol_work_decoding(void *ctx, fc_image_options *out, fc_error *err);
/* Fills in the photo's samples. A failure ends the run. */
fc_status fc_enrol_work_on(fc_enrol_work *w, int worker, fc_enrol_photo *p, fc_error *err);

/* Refuses it where a face is none to enrol. */
fc_status fc_enrol_check_faces(const fc_enrol_work *w, fc_enrol_photo *p, fc_error *err);
/* The samples of views of its picture, which bytes has where it came on stdin. Failures are the photo's. */
fc_status fc_enrol_add_views(fc_enrol_work *w, int worker, fc_enrol_photo *p, const fc_bytes *bytes,
                             fc_error *err);

/* ---- enrol_writer.c: how they get into the gallery ---- */

typedef struct fc_enrol_writer {
    const fc_enrolment_settings *set;
    bool whole; /* nothing is committed before the end */
    bool ended; /* nothing more is to be committed */
    fc_gallery *g;
    fc_enrol_photo **pending; /* [n], not committed yet; owned */
    size_t n, cap;
    double committed; /* when, in seconds */
    char *contract;   /* "" before the first sample; owned */
    size_t dim;       /* of the samples; 0 before the first */
    fc_ids added;     /* samples that are new */
    fc_ids people;    /* who got any of them */
    fc_enrolment_counts count;
} fc_enrol_writer;
fc_status fc_enrol_writer_open(fc_enrol_writer *w, const fc_enrolment_settings *set, fc_gallery *g,
                               const char *contract, fc_error *err);
void fc_enrol_writer_close(fc_enrol_writer *w);
/* Takes the photo. Photos are committed several at a time, and then each is told of. FC_END: it is the last one. */
fc_status fc_enrol_writer_put(fc_enrol_writer *w, fc_enrol_photo *p, fc_error *err);
fc_status fc_enrol_writer_flush(fc_enrol_writer *w, fc_error *err);

#endif
