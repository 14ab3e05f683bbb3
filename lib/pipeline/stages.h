/*
 * The way of a picture through detection, alignment and embedding. A stage does what the record does not have
 * yet: all tools run the stages up to theirs, on records that earlier tools made or on pictures, and the bits
 * are the same.
 */
#ifndef FC_PIPELINE_STAGES_H
#define FC_PIPELINE_STAGES_H
#include "pipeline/record.h"
#include "pipeline/source.h"

enum fc_find { FC_FIND_MTCNN, FC_FIND_YUNET };
enum fc_damaged { FC_DAMAGED_REFUSE, FC_DAMAGED_KEEP };

typedef struct fc_face_options {
    fc_detect_options detect;
    int detector;               /* enum fc_find */
    const char *detector_model; /* a file; for those that need one */
    int faces;                  /* fc_face_choice */
    int max_side;               /* 0: full size */
    bool aligned;               /* each picture is a face that was cut out and aligned before */
    uint64_t max_pixels;
    uint64_t max_memory; /* MiB; 0: the library's default */
    int damaged;         /* enum fc_damaged */
} fc_face_options;
#define FC_FACE_OPTIONS_DEFAULTS                                                                             \
    {                                                                                                        \
        .detect = {.min_face = 20.0,                                                                         \
                   .thresholds = {0.6, 0.7, 0.7},                                                            \
                   .factor = 0.709,                                                                          \
                   .max_faces = FC_DEFAULT_MAX_FACES},                                                       \
        .max_pixels = FC_DEFAULT_MAX_PIXELS                                                                  \
    }

#define FC_DEFAULT_MODEL "mobilefacenet"

typedef enum fc_stage { FC_STAGE_DETECT = 1, FC_STAGE_ALIGN, FC_STAGE_EMBED } fc_stage;

/* What to do. Everything in it outlives the stages made of it. */
typedef struct fc_pipeline_plan {
    fc_stage upto;
    const fc_models *models;
    fc_engine_options engine;
    const fc_face_options *detect;
    const char *model; /* a name in models, or a file; where upto is past detection */
    bool flip;
    const fc_alignment *alignment; /* NULL: the model's */
    bool keep_crops;               /* records leave with the crops that they have or need; else without */
    bool times;                    /* records say how long each stage took, and what embedded */
} fc_pipeline_plan;

/* One picture on its way. */
typedef struct fc_item {
    fc_input in;
    fc_record rec;
    fc_face_choice choice;
    size_t found;    /* faces before the choice */
    bool looked;     /* they were found in this run, by the plan's detector */
    fc_image image;  /* empty until a stage wants it */
    fc_image *crops; /* [ncrops], owned: of the faces, as far as a stage wanted them */
    size_t ncrops;
    double ms[4]; /* decode, detect, align, embed */
    bool failed;  /* the record has an error */
    bool failed_here;
    bool no_memory; /* what is wrong with the picture could not be put into the record */
    fc_error fault; /* failed_here: what it was */
    char *note;     /* for stderr, about a picture that did not fail; owned */
    char *text;     /* the record's line, once made; owned */
    size_t text_size;
    /* What a tool's worker found out for its writer, and what frees it; owned, NULL: nothing. */
    void *result;
    void (*free_result)(void *result);
} fc_item;

typedef struct fc_stages fc_stages;

/* Finds the model; loads none before a picture needs it. */
fc_status fc_stages_new(fc_stages **out, const fc_pipeline_plan *p, int workers, fc_error *err);
void fc_stages_free(fc_stages *s);

/* How the record's picture is decoded: with the run's limits and its budget of memory, and as the record says that it
 * was before. */
fc_image_options fc_stages_decoding(const fc_stages *s, const fc_record *rec);
/* How a picture that went through is decoded once more to be shown: in full, as far as it can be read, with the run's limits
 * and its budget of memory. */
fc_image_options fc_stages_showing(const fc_stages *s);

/* Takes in; *out is to be freed with fc_item_free. */
fc_status fc_item_new(fc_item **out, fc_input *in, fc_face_choice choice, fc_error *err);
void fc_item_free(fc_item *it);

/* Runs the stages on worker (0..workers-1). What is wrong with this picture becomes the record's error and
 * FC_OK; a failure ends the run: a model, a broken record, an embedding or crop made for another model. */
fc_status fc_stages_run(fc_stages *s, int worker, fc_item *it, fc_error *err);
/* fc_face_get_embedding of a face of the record; its error says which record and face. */
fc_status fc_item_embedding(const fc_item *it, size_t face, const char **contract, float **out, size_t *dim,
                            fc_error *err);
/* Makes the record an error record; false: memory ran out, and fc_stages_run will say so. */
bool fc_item_fail(fc_item *it, const char *where, const fc_error *fault);

/* What is known of the model without running it; for plans past detection. contract is borrowed and NULL
 * unless upto is FC_STAGE_EMBED; threshold is on cosine similarity, NAN where none is stated. */
typedef struct fc_model_facts {
    fc_alignment alignment;
    char *contract;
    int dim;
    double threshold;
} fc_model_facts;
const fc_model_facts *fc_stages_model(const fc_stages *s);
/* What runs the model; borrowed. Loads it. */
fc_status fc_stages_engine(fc_stages *s, const fc_engine_facts **engine, fc_error *err);
/* What finds the faces; NULL where none were looked for. */
const fc_detector *fc_stages_detector(const fc_stages *s);

#endif
