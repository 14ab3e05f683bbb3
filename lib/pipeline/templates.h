/* The templates of a data set: faces of pictures, found and embedded once, and kept in a cache. */
#ifndef FC_PIPELINE_TEMPLATES_H
#define FC_PIPELINE_TEMPLATES_H
#include "base/tell.h"
#include "pipeline/cache.h"
#include "pipeline/stages.h"

typedef enum fc_template_state {
    FC_TEMPLATE_MADE,
    FC_TEMPLATE_NOT_DECODED,
    FC_TEMPLATE_NOT_DETECTED,
    FC_TEMPLATE_NOT_EMBEDDED
} fc_template_state;
/* "not decoded" ...; what the last one says of itself for FC_TEMPLATE_MADE is "". */
const char *fc_template_state_name(fc_template_state s);

typedef struct fc_template_image {
    char *path;   /* as it was opened, or the record's; owned */
    char *person; /* the record's id, or else the name of the picture's folder; NULL: none. Owned */
    char sha256[FC_SHA256_HEX]; /* of the file; of a record's embedding where there is no file; "": none */
    fc_template_state state;
    char *message; /* why there is none; owned */
    size_t found;  /* faces in the picture */
    fc_face face;  /* the one that was chosen */
} fc_template_image;

typedef struct fc_templates {
    fc_template_image *image; /* [n], owned */
    float *v;                 /* [n][dim], unit length; zero where there is none. Owned */
    size_t n, cap, v_cap;
    size_t dim;
    size_t cached; /* images that came from the cache */
    size_t given;  /* templates that were in the records, made by who knows what engine */
    double seconds;
} fc_templates;

typedef struct fc_template_job {
    fc_stages *stages;
    const fc_cache *cache; /* NULL: none */
    /* Either pictures: */
    char *const *path; /* [n] */
    size_t n;
    /* or, where path is NULL, everything that comes from: */
    fc_source *in;
    fc_face_choice
        choice; /* FC_FACES_ALL: a template for each face, and one that is not made where there is none; else
                            * one a picture. Only those are cached */
    int jobs;
    bool fail_fast;
    const fc_teller *teller;                  /* hears of pictures that fail; NULL: nobody */
    void (*progress)(void *ctx, size_t done); /* on the calling thread, after each picture; may be NULL */
    void *ctx;
} fc_template_job;

/* What could not be decoded, detected or embedded is an image without a template, and told. */
fc_status fc_templates_make(fc_templates *out, const fc_template_job *job, fc_error *err);
void fc_templates_clear(fc_templates *t);

/* All faces of some pictures. */
typedef struct fc_face_vectors {
    float *v; /* [n][dim], owned; n is 0 where there is none */
    size_t n;
} fc_face_vectors;
/* out [job->n], to be cleared with fc_face_vectors_free. Makes no use of the cache. */
fc_status fc_templates_all_faces(fc_face_vectors **out, const fc_template_job *job, fc_error *err);
void fc_face_vectors_free(fc_face_vectors *v, size_t n);

/* SHA-256 over lines "SHA256  NAME", as sha256sum writes them, sorted by bytes; NAME is the path behind root (NULL:
 * the path). Images without a file's hash have none. */
fc_status fc_templates_hash(char hex[FC_SHA256_HEX], const fc_templates *t, const char *root, fc_error *err);

#endif
