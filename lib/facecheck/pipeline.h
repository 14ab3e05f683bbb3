/* Files and folders to records, embeddings and templates, on several threads. */
#ifndef FACECHECK_PIPELINE_H
#define FACECHECK_PIPELINE_H

#include "facecheck/quality.h"
#include "facecheck/record.h"

FC_BEGIN_DECLS

/* ---- where pictures come from ---- */

/* What a tool works on: operands FILE, DIR and -, and lists of them, as one stream of inputs. Memory does not
 * grow with their number, but for the names in one folder, which are sorted, and a few bytes for each folder. */

/* What a program's user can do about a message: the program's words, which go behind it in brackets. NULL: none. */
typedef struct fc_hints {
    const char *list;           /* a list of names is wanted, or came where no list is read */
    const char *nuls;           /* names in a list of lines have NULs */
    const char *detector_model; /* the detector wants a file */
    const char *crowd;          /* a picture has more faces than are kept */
} fc_hints;

/* Which frames of a video are taken. All zero: all of them. */
typedef struct fc_video_options {
    double fps;         /* so many a second at most, by the frames' time stamps */
    int every;          /* each n-th */
    bool keyframes;     /* those that are decoded on their own */
    double scene;       /* only where the picture changed: by the mean difference of its parts, 0..255 */
    double start;       /* seconds behind the first frame */
    double duration;    /* seconds from there; 0: to the end */
    const char *camera; /* what the records call where they come from; NULL: nothing */
    const char *
        capture; /* what a camera of this machine is asked for: "1280x720", "1280x720@15", "@15"; NULL: nothing */

    /* Live streams: the newest frame is taken, however long the one before took. Cameras, and servers' streams that have no end, are live. */
    bool live;           /* all videos are; files at the pace of their time stamps */
    bool no_live;        /* none is: every frame of a server's stream is taken, and its end is the end */
    double open_timeout; /* seconds for a server's answer; 0: 10 */
    double read_timeout; /* seconds for its next frame; 0: 10 */
    int attempts;        /* to reach a live stream, in a row, before it is given up; 0: no end of them */
    double max_delay;    /* seconds from one to the next, at most; 0: 30 */
} fc_video_options;

/* What came of a live stream. */
typedef struct fc_live_facts {
    const char *name; /* without its password; borrowed */
    uint64_t wanted;  /* frames that came, of those that the options want */
    uint64_t taken, dropped;
    uint64_t gaps;
    bool reached; /* a frame came, wanted or not */
} fc_live_facts;

typedef struct fc_source_options {
    bool recursive;   /* go into the folders of a folder; links to folders, too, but each folder once */
    fc_texts exclude; /* globs: names, or with a slash paths, of what is passed over */
    const char *base; /* the folder below which those are; NULL: the one that was named */
    bool people;      /* a folder has one for each person: pictures beside those are passed over */
    const fc_teller *teller; /* hears of that; NULL: nobody */
    const char *files_from;  /* a list of names; "-": on stdin; NULL: none */
    bool null;               /* they end with NULs, not with newlines */
    const fc_hints *hints;   /* NULL: none */
    bool videos; /* take videos and URLs, frame by frame; else they are pictures that cannot be read */
    fc_video_options video;
} fc_source_options;

typedef enum fc_input_kind {
    FC_INPUT_PATH,  /* a picture to be read from path */
    FC_INPUT_BYTES, /* a picture in data, from a pipe called path */
    FC_INPUT_LINE,  /* one line of records in data, the line-th of path */
    FC_INPUT_FRAME, /* a frame of a video, decoded: image */
    FC_INPUT_GAP,   /* no picture: gap, while which the stream path was away; fault says why */
    FC_INPUT_FAULT  /* nothing but fault, about path */
} fc_input_kind;

/* When a live stream was away. */
typedef struct fc_gap {
    double from, to;   /* Unix seconds: its last frame, and its next; to is NAN where it was given up */
    uint64_t attempts; /* to reach it again, that which succeeded included */
} fc_gap;

typedef struct fc_input {
    fc_input_kind kind;
    char *path; /* owned; "-" for a picture on stdin */
    fc_bytes data;
    size_t line;
    fc_error fault;
    fc_image image;     /* FC_INPUT_FRAME; owned */
    int64_t frame;      /* its number; -1: not known */
    double pts, time;   /* seconds in the video and, of a server's stream, Unix seconds; NAN: not known */
    const char *camera; /* borrowed from the source's options; NULL: none */
    int64_t dropped;    /* of a live stream: frames that were not taken before it; -1: of no such one */
    fc_gap gap;         /* FC_INPUT_GAP */
} fc_input;
void fc_input_clear(fc_input *in);

/* For tools that read records alone: what is wrong with an input that is not a line of them. hint goes behind "no
 * records"; NULL: none. */
fc_status fc_input_no_records(const fc_input *in, const char *hint, fc_error *err);

typedef struct fc_source fc_source;

/* operands (which must outlive it) or, without them and without a list of names, stdin; FC_EUSAGE where that is
 * a terminal. A name is taken as
 *   -        stdin: records or one picture; nothing at all is no input
 *   DIR      its pictures by their extensions, in order of name, without hidden files; where recursive those of the
 *            folders in it too. None at all is an FC_INPUT_FAULT.
 *   FILE     records when it begins with a brace, else a picture; a pipe is taken as stdin is. Where the first line is
 *            not a record, the whole of it is an FC_INPUT_FAULT.
 *   URL      where videos are taken: "rtsp://...", "http://...": a video
 *   DEVICE   likewise: a camera of this machine (Video4Linux)
 * Where videos are taken, a FILE that is one gives its frames, and so does a pipe or stdin. Live ones run at the same time, each on a
 * thread of its own, and what they give comes behind all other inputs.
 * Names in a list are taken in the same way, but for "-", which is a file there. */
fc_status fc_source_open(fc_source **out, const fc_source_options *args, char **operands, int n,
                         fc_error *err);
/* The same of inputs that are there: takes the n of them, which are empty afterwards, in any case. */
fc_status fc_source_of(fc_source **out, fc_input *in, size_t n, fc_error *err);
/* How frames are decoded from now on, which is fc_run_all's affair: limits, the longest side, the budget of memory. */
void fc_source_decoding(fc_source *in, const fc_image_options *o);
/* FC_END: no more. Other failures end the run. */
fc_status fc_source_next(fc_source *in, fc_input *out, fc_error *err);
/* Who hears of live streams that are away, and back, on the thread of fc_source_next; NULL: nobody. */
void fc_source_listen(fc_source *in, const fc_teller *teller);
/* A live stream ends the run, FC_EUSAGE, with why and its name, as soon as it is found to be one. why is borrowed. */
void fc_source_refuse_live(fc_source *in, const char *why);
/* How many live streams there have been, and what came of the i-th. Not while fc_source_next runs. */
size_t fc_source_streams(const fc_source *in);
fc_live_facts fc_source_stream(const fc_source *in, size_t i);
/* Whether there is a live stream that runs; for a signal's handler, too. */
bool fc_source_is_live(const fc_source *in);
/* For the end of a run: that nothing came, on stdin or at all, where that is so, in words; else NULL. */
const char *fc_source_nothing(const fc_source *in);
/* Makes an fc_source_next that waits, in another thread, return FC_END, and all later ones. A signal's handler may call it. */
void fc_source_interrupt(fc_source *in);
void fc_source_close(fc_source *in);

/* ---- the stages ---- */

/*
 * The way of a picture through detection, alignment and embedding. A stage does what the record does not have
 * yet: all tools run the stages up to theirs, on records that earlier tools made or on pictures, and the bits
 * are the same.
 */

enum fc_find { FC_FIND_MTCNN, FC_FIND_YUNET, FC_FIND_SCRFD, FC_FIND_YOLO_FACE };
enum fc_damaged { FC_DAMAGED_REFUSE, FC_DAMAGED_KEEP };

typedef struct fc_face_options {
    fc_detect_options detect;
    int detector;               /* enum fc_find */
    const char *detector_model; /* a file; for those that need one */
    int faces;                  /* fc_face_choice */
    int max_side;               /* 0: full size */
    bool aligned;               /* each picture is a face that was cut out and aligned before */
    uint64_t max_bytes;         /* of a picture's file, or of one that comes through a pipe */
    uint64_t max_pixels;
    uint64_t max_memory;   /* MiB; 0: the library's default */
    double seconds;        /* a picture that takes longer fails, FC_ETIMEOUT; 0: none does */
    int damaged;           /* enum fc_damaged */
    bool sandbox;          /* pictures are decoded by processes of an fc_sandbox */
    const fc_hints *hints; /* NULL: none */
} fc_face_options;
#define FC_FACE_OPTIONS_DEFAULTS                                                                             \
    {                                                                                                        \
        .detect = {.min_face = 20.0,                                                                         \
                   .thresholds = {0.6, 0.7, 0.7},                                                            \
                   .factor = 0.709,                                                                          \
                   .max_faces = FC_DEFAULT_MAX_FACES},                                                       \
        .max_bytes = FC_DEFAULT_MAX_BYTES, .max_pixels = FC_DEFAULT_MAX_PIXELS                               \
    }

#define FC_DEFAULT_MODEL "mobilefacenet"

typedef enum fc_stage { FC_STAGE_DECODE = 0, FC_STAGE_DETECT, FC_STAGE_ALIGN, FC_STAGE_EMBED } fc_stage;

/* Whether faces get their quality: not; as far as it costs no more decoding, and where a face has landmarks; or each, and what
 * has none fails. */
typedef enum fc_measuring { FC_MEASURE_NOT = 0, FC_MEASURE_AT_HAND, FC_MEASURE_ALL } fc_measuring;

/* What to do. Everything in it outlives the stages made of it. */
typedef struct fc_pipeline_plan {
    fc_stage upto;
    const fc_models *models;
    fc_engine_options engine;
    const fc_face_options *detect;
    const char *model;     /* a name in models, a file, or two names, "a,b"; where upto is past detection */
    const double *weights; /* [2], of two models; NULL: those that they were calibrated with */
    bool flip;
    const fc_alignment *alignment; /* NULL: the model's */
    fc_background
        background;  /* of faces that are cut out here; crops and embeddings that come have to have it */
    bool keep_crops; /* records leave with the crops that they have or need; else without */
    bool keep_faces; /* records that have faces come through as they are: nothing is embedded */
    fc_measuring quality;
    bool keep_image; /* items leave with their pictures, as far as they were decoded */
    bool times;      /* records say how long each stage took, and what embedded */
    bool
        no_files; /* pictures come as bytes: those that records name are not opened, and are failures, FC_EDATA */
} fc_pipeline_plan;

/* One picture on its way. */
typedef struct fc_item {
    fc_input in;
    fc_record rec;
    fc_face_choice choice;
    fc_stage upto;   /* it goes no further, where the plan does; 0: to the plan's end */
    bool untimed;    /* its record does not say what times would */
    size_t found;    /* faces before the choice */
    bool looked;     /* they were found in this run, by the plan's detector */
    fc_image image;  /* empty until a stage wants it */
    fc_image *crops; /* [ncrops], owned: of the faces, as far as a stage wanted them */
    size_t ncrops;
    double ms[5];    /* decode, detect, align, embed, quality */
    double decoding; /* ms of the first, without waiting for memory */
    bool failed;     /* the record has an error */
    bool live;       /* the record is of a live stream: nobody wants it late */
    bool away;       /* the record is a gap of a stream, no picture: it goes through as it is */
    bool failed_here;
    bool no_memory;             /* what is wrong with the picture could not be put into the record */
    fc_error fault;             /* failed_here: what it was */
    bool cached;                /* it came from the cache */
    char sha256[FC_SHA256_HEX]; /* of the picture's file, where a cache was asked for it; else "" */
    char *note;                 /* for stderr, about a picture that did not fail; owned */
    char *text;                 /* the record's line, once made; owned */
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
/* fc_record_get_embedding of the item's record; its error says which record and face. */
fc_status fc_item_embedding(const fc_item *it, size_t face, const char **contract, float **out, size_t *dim,
                            fc_error *err);
/* Makes the record an error record; false: memory ran out, and fc_stages_run will say so. */
bool fc_item_fail(fc_item *it, const char *where, const fc_error *fault);

/* What is known of the model without running it; for plans past detection. contract is borrowed and NULL
 * unless upto is FC_STAGE_EMBED; threshold is on cosine similarity, NAN where none is stated. */
typedef struct fc_model_facts {
    fc_alignment alignment; /* of two models, the first one's */
    char *contract;
    int dim;
    double threshold;
    fc_fmr_curve curve; /* as the model states it */
    /* Of two models: whose embeddings stand one behind the other in what is made, and what a cosine of theirs weighs in that
     * of the whole. */
    int parts; /* 2; 0: of one model */
    struct fc_model_part {
        char *contract;
        int dim;
        double share; /* of 1 */
    } part[2];
} fc_model_facts;
const fc_model_facts *fc_stages_model(const fc_stages *s);
/* What runs the model; borrowed. Loads it. */
fc_status fc_stages_engine(fc_stages *s, const fc_engine_facts **engine, fc_error *err);
/* What finds the faces; NULL where none were looked for. */
const fc_detector *fc_stages_detector(const fc_stages *s);

/* ---- the loop ---- */

/* The loop: inputs through the stages, on several threads, to whoever writes them, in order. */

typedef struct fc_cache fc_cache;

typedef struct fc_run fc_run;
struct fc_run {
    fc_source *in;
    fc_stages *stages;
    fc_cache *cache; /* of pictures that were embedded before; NULL: none */
    fc_item *first;  /* goes before the inputs and is none of them; taken; may be NULL */
    fc_face_choice choice;
    int workers;    /* as many as the stages were made for */
    bool fail_fast; /* the first item that failed is the last one */
    /* After the stages, on the same thread. May be NULL. */
    fc_status (*finish)(void *ctx, fc_item *it, fc_error *err);
    /* In the order of the inputs, on the calling thread. Failed items come too. */
    fc_status (*emit)(void *ctx, fc_item *it, fc_error *err);
    /* Whether what was emitted so far was taken by whoever reads it. Of live streams no more is read before that. May be NULL. */
    bool (*taken)(void *ctx);
    /* After each item that was emitted, on the calling thread. May be NULL. */
    void (*progress)(void *ctx, const fc_run *r);
    void *ctx;
    const fc_teller *teller; /* hears of items that failed here, and of notes; NULL: nobody */

    size_t done, failed; /* items emitted */
    bool stopped;        /* by fail_fast */
    int window;          /* of live streams: items at the same time; the loop's own */
};

/* FC_OK when all inputs were emitted, or it stopped as fail_fast wants; failures are those of the source, the stages, finish
 * and emit. */
fc_status fc_run_all(fc_run *r, fc_error *err);

/* ---- contracts ---- */

/* Which model made an embedding. */

/* The model that the contract names, and whether it is that of fc_embed's flip, as far as the models known here tell. *model is to be
 * freed; NULL where the contract names none. */
fc_status fc_contract_model(const fc_models *models, const char *contract, fc_precision precision,
                            char **model, bool *flip, fc_error *err);

/* From where on two embeddings of the contract are of one person; NAN where its model is not known here. */
fc_status fc_contract_threshold(double *out, const char *contract, const fc_models *models, fc_error *err);

/* ---- templates ---- */

/* The templates of a data set: faces of pictures, found and embedded once, and kept in a cache. */

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
    bool has_quality;
    fc_quality quality; /* of its photo, where the record has it */
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
    fc_cache *cache; /* NULL: none */
    /* Either pictures: */
    char *const *path; /* [n] */
    size_t n;
    /* or, where path is NULL, everything that comes from: */
    fc_source *in;
    fc_face_choice
        choice; /* FC_FACES_ALL: a template for each face, and one that is not made where there is none; else
                            * one a picture */
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

FC_END_DECLS
#endif
