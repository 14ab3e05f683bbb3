/* The templates of a data set: faces of pictures, found and embedded once, and kept in a cache. */
#ifndef CMD_TEMPLATES_H
#define CMD_TEMPLATES_H
#include "eval/cache.h"
#include "stages.h"

typedef enum template_state {
    TEMPLATE_MADE,
    TEMPLATE_NOT_DECODED,
    TEMPLATE_NOT_DETECTED,
    TEMPLATE_NOT_EMBEDDED
} template_state;
/* "not decoded" ...; what the last one says of itself for TEMPLATE_MADE is "". */
const char *template_state_name(template_state s);

typedef struct template_image {
    char *path;   /* as it was opened, or the record's; owned */
    char *person; /* the record's id, or else the name of the picture's folder; NULL: none. Owned */
    char sha256[FC_SHA256_HEX]; /* of the file; of a record's embedding where there is no file; "": none */
    template_state state;
    char *message; /* why there is none; owned */
    size_t found;  /* faces in the picture */
    fc_face face;  /* the one that was chosen */
} template_image;

typedef struct templates {
    template_image *image; /* [n], owned */
    float *v;              /* [n][dim], unit length; zero where there is none. Owned */
    size_t n, cap, v_cap;
    size_t dim;
    size_t cached; /* images that came from the cache */
    size_t given;  /* templates that were in the records, made by who knows what engine */
    double seconds;
} templates;

typedef struct template_job {
    stages *stages;
    const fc_cache *cache; /* NULL: none */
    /* Either pictures: */
    char *const *path; /* [n] */
    size_t n;
    /* or, where path is NULL, everything that comes from: */
    inputs *in;
    fc_face_choice
        choice; /* FC_FACES_ALL: a template for each face, and one that is not made where there is none; else
                            * one a picture. Only those are cached */
    int jobs;
    bool quiet, fail_fast, progress;
} template_job;

/* What could not be decoded, detected or embedded is an image without a template, and told with say(). */
fc_status templates_make(templates *out, const template_job *job, fc_error *err);
void templates_clear(templates *t);

/* All faces of some pictures. */
typedef struct face_vectors {
    float *v; /* [n][dim], owned; n is 0 where there is none */
    size_t n;
} face_vectors;
/* out [job->n], to be cleared with face_vectors_free. Makes no use of the cache. */
fc_status templates_all_faces(face_vectors **out, const template_job *job, fc_error *err);
void face_vectors_free(face_vectors *v, size_t n);

/* SHA-256 over lines "SHA256  NAME", as sha256sum writes them, sorted by bytes; NAME is the path behind root (NULL:
 * the path). Images without a file's hash have none. */
fc_status templates_hash(char hex[FC_SHA256_HEX], const templates *t, const char *root, fc_error *err);

#endif
