/*
 * What a model is fine-tuned on: the photos of a data set's people, and views of them.
 *
 * Each photo has views + 1 samples, its own first: embeddings where the model stays as it is, else crops, as the network
 * takes them. What was made of a photo is kept in a cache, by its content.
 */
#ifndef FC_TUNE_SET_H
#define FC_TUNE_SET_H
#include "tune/people.h"

typedef struct fc_tune_set {
    fc_tune_people p;     /* photo.data: the samples, one behind the other */
    size_t samples;       /* of each photo */
    size_t dim;           /* embeddings: float [samples][dim]; 0: there are none */
    int size;             /* crops: uint8_t [samples][size][size][3]; 0: there are none */
    size_t train, held;   /* photos */
    size_t found, cached; /* photos there were; those that were in the cache */
} fc_tune_set;

typedef struct fc_tune_source {
    const char *dir;
    const fc_source_options *rules;
    fc_stages *stages; /* up to embeddings; or to crops, which are kept */
    bool crops;
    fc_cache *cache;       /* of one context with these stages, seed and views; NULL: none */
    fc_face_choice choice; /* not FC_FACES_ALL */
    int jobs;
    int views;
    uint64_t seed;
    double hold_out; /* share of each person's photos, above 0 and below 1; one at least, and one stays */
    const fc_teller *teller;                  /* hears of what is passed over; NULL: nobody */
    void (*progress)(void *ctx, size_t done); /* after each photo, on the calling thread; may be NULL */
    void *ctx;
} fc_tune_source;

/* FC_EEMPTY: no folders. FC_EDATA: fewer than two people with two usable photos. */
fc_status fc_tune_set_read(fc_tune_set *out, const fc_tune_source *from, fc_error *err);
void fc_tune_set_clear(fc_tune_set *s);

#endif
