/* The stages from inside: what they share, and what each does to an item. */
#ifndef FC_PIPELINE_STAGES_IMPL_H
#define FC_PIPELINE_STAGES_IMPL_H
#include <jansson.h>
#include <pthread.h>

#include "facecheck.h"

/* Places in an item's ms. */
enum { MS_DECODE, MS_DETECT, MS_ALIGN, MS_EMBED, MS_QUALITY, MS_KINDS };

enum { MAX_EMBEDDERS = 2 };

struct fc_stages_worker {
    fc_detect_session *detect;
    fc_embed_session *embed[MAX_EMBEDDERS];
    float *made; /* [FC_EMBED_SEVERAL][FC_MAX_DIM] embeddings; NULL until there are some */
};

struct fc_stages {
    fc_pipeline_plan plan;
    fc_model_facts facts;
    fc_memory *memory;
    fc_sandbox *sandbox; /* NULL: none */
    pthread_mutex_t detector_lock, embedder_lock;
    fc_detector *detector;                /* made when first needed */
    fc_embedder *embedder[MAX_EMBEDDERS]; /* [embedders] */
    char *name[MAX_EMBEDDERS];            /* owned; what they are made of */
    int embedders;
    struct fc_stages_worker *workers;
    int nworkers;
};

/* Each returns a failure that ends the run, or FC_OK, perhaps with the item failed. */

/* The pixels; at the size they had when the faces were found. */
fc_status fc_stage_decode(fc_stages *s, fc_item *it, fc_error *err);
/* The record's faces, found where it has none yet, and of them those that were chosen. */
fc_status fc_stage_detect(fc_stages *s, struct fc_stages_worker *w, fc_item *it, fc_error *err);
/* The crop of face i. */
fc_status fc_stage_align(fc_stages *s, fc_item *it, size_t i, const fc_alignment *a, fc_error *err);
/* A face cut out of a photo, which has the background that the plan wants meanwhile. */
fc_status fc_stage_cut(fc_image *crop, const fc_stages *s, fc_image *img, const fc_face *f,
                       const fc_alignment *a, fc_error *err);
/* How the face's crop was made goes into it. */
fc_status fc_stage_label_crop(json_t *face, const fc_alignment *a, fc_background background, fc_error *err);
/* Crops go into the record, whose line has a limit: said before any is cut. false: the item failed. */
bool fc_stage_crops_fit(fc_item *it, size_t n, int size);
/* The embedding that face i came with has to be one that this run would make. */
fc_status fc_stage_check_embedding(const fc_stages *s, fc_item *it, size_t i, fc_error *err);
/* How many faces had better be embedded at a time, FC_EMBED_SEVERAL at most. The embedders are made where they are not. */
fc_status fc_stage_batch(fc_stages *s, struct fc_stages_worker *w, int *n, fc_error *err);
/* The embeddings of n faces, no more than that, which have none, made of their crops. */
fc_status fc_stage_embed(fc_stages *s, struct fc_stages_worker *w, fc_item *it, const size_t *face, int n,
                         fc_error *err);
/* The quality of each face, as far as the plan wants it. */
fc_status fc_stage_quality(fc_stages *s, fc_item *it, fc_error *err);

/* The facts and embedders of two models, "a,b". */
fc_status fc_stages_fuse(fc_stages *s, fc_error *err);
/* The times of the stages go into the record. */
fc_status fc_stages_add_times(fc_item *it, fc_error *err);

/* Makes s->embedder once. */
fc_status fc_stages_load_embedder(fc_stages *s, fc_error *err);

#endif
