/*
 * facecheck: faces from pixels to decisions.
 *
 *     fc_error err;
 *     fc_models *models = NULL;
 *     fc_detector *det = NULL;
 *     fc_detect_session *ds = NULL;
 *     fc_embedder *emb = NULL;
 *     fc_embed_session *es = NULL;
 *     fc_image img = {0}, crop = {0};
 *     fc_faces faces = {0};
 *     float e[FC_MAX_DIM];
 *
 *     if (fc_models_open(&models, "/usr/share/facecheck/models", &err) ||
 *         fc_detector_new(&det, models, NULL, &err) || fc_detect_session_new(&ds, det, &err) ||
 *         fc_embedder_new(&emb, models, "mobilefacenet", NULL, &err) || fc_embed_session_new(&es, emb, &err) ||
 *         fc_image_load(&img, "a.jpg", NULL, &err) || fc_detect(ds, &img, NULL, &faces, &err) || faces.n == 0 ||
 *         fc_align(&crop, &img, &faces.face[0], fc_embedder_alignment(emb), &err) ||
 *         fc_embed(es, &crop, 0, e, &err))
 *         ...  err.message says what failed
 *
 * Conventions
 *  1. Every function that can fail returns fc_status and takes an fc_error last. The message is written once,
 *     where the fault is found. err may be NULL.
 *  2. Handles are opaque. X_new/_open/_load makes one, X_free takes NULL.
 *  3. fc_models, fc_detector and fc_embedder are immutable once made and may be shared between threads;
 *     a session holds scratch memory and belongs to one thread.
 *  4. Structs with a _clear function are owned by the caller; {0} is their empty state and _clear gives it back.
 *  5. The library never prints, exits, or reads the environment.
 *  6. Coordinates are pixels of the upright picture, origin top left, pixel centres at integers.
 */
#ifndef FACECHECK_H
#define FACECHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default) /* all that libfacecheck.so exports */

#define FC_VERSION "0.1.0"
#define FC_MAX_DIM 4096 /* largest embedding that any model may declare */

const char *fc_version(void);

/* ---- errors ---------------------------------------------------------------------------------------- */

typedef enum fc_status {
    FC_OK = 0,
    FC_END,    /* a clean end of input: not a fault */
    FC_EUSAGE, /* an argument out of range, whatever the files hold */
    FC_ENOMEM,
    FC_EIO,          /* the operating system refused */
    FC_EMISSING,     /* no such file */
    FC_EEMPTY,       /* a file of no bytes */
    FC_EFORMAT,      /* not of a known format */
    FC_ETRUNCATED,   /* ends too early */
    FC_ECORRUPT,     /* contradicts itself */
    FC_ELIMIT,       /* larger than a limit that the caller set */
    FC_EUNSUPPORTED, /* known, but not possible in this build or on this machine */
    FC_EMODEL,       /* a model file, or its description, does not fit */
    FC_EHASH,        /* a file's SHA-256 is not the recorded one */
    FC_ECONTRACT,    /* embeddings of different contracts */
    FC_ERECORD,      /* a broken record in a stream */
    FC_EENGINE,      /* an inference engine failed */
    FC_EFACES,       /* not as many faces as were asked for */
    FC_EEXISTS,      /* another file of that name is there, and is left alone */
    FC_EDATA /* what is there does not allow what was asked for: too little, of another kind, sealed otherwise */
} fc_status;

typedef struct fc_error {
    fc_status status;
    char message[500]; /* UTF-8 or the bytes of a path, no newline at the end */
} fc_error;

/* The status's stable short name, as records carry it: "truncated", "limit"... */
const char *fc_status_name(fc_status s);

/* ---- images ---------------------------------------------------------------------------------------- */

/* A budget of memory for pictures, which threads share. Before a picture is decoded, what its file, its decoder and
 * its pixels take is taken from the budget: decoding waits until so much is free, and a picture that needs more than
 * there is in all is refused with FC_ELIMIT. Its pixels stay in the account until fc_image_clear. */
typedef struct fc_memory fc_memory;
/* bytes 0: half of what the machine, the control group or the limit of the address space grants the process. */
fc_status fc_memory_new(fc_memory **out, uint64_t bytes, fc_error *err);
/* After all pictures that were decoded with it are cleared. */
void fc_memory_free(fc_memory *m);

typedef struct fc_image {
    int w, h;           /* pixels held */
    size_t stride;      /* bytes from one row to the next; >= 3 w */
    uint8_t *rgb;       /* [h][w][3] with that stride; owned */
    int full_w, full_h; /* the upright picture as it is in the file; w, h unless decoded smaller */
    int frames; /* the file holds so many pictures (an animation, pages), of which this is the first; 0: one */
    struct fc_memory *memory; /* what holds these bytes of the budget until fc_image_clear; NULL: none */
    uint64_t held;
    bool damaged; /* with keep_damaged: parts of the file could not be read, and some pixels are made up */
} fc_image;

typedef struct fc_image_options {
    uint64_t max_pixels;      /* refuse larger pictures before allocating; 0: FC_DEFAULT_MAX_PIXELS */
    uint64_t max_bytes;       /* refuse larger files; 0: FC_DEFAULT_MAX_BYTES */
    int max_side;             /* reduce until no side is longer; 0: full size */
    bool keep_orientation;    /* do not apply the EXIF orientation */
    bool keep_damaged;        /* take what can be read of a damaged JPEG or PNG, and say so in the image */
    struct fc_memory *memory; /* the budget that decoding takes its memory from; NULL: none */
} fc_image_options;

#define FC_DEFAULT_MAX_PIXELS 200000000u
#define FC_DEFAULT_MAX_BYTES  (512u << 20)

/* Decodes to upright 8-bit RGB. opt may be NULL. name is for messages. On failure *img is empty. */
fc_status fc_image_load(fc_image *img, const char *path, const fc_image_options *opt, fc_error *err);
fc_status fc_image_decode(fc_image *img, const void *bytes, size_t n, const char *name,
                          const fc_image_options *opt, fc_error *err);
/* Black w x h picture. */
fc_status fc_image_alloc(fc_image *img, int w, int h, fc_error *err);
/* Writes an 8-bit RGB PNG: to a temporary name beside path, then renamed. */
fc_status fc_image_save_png(const fc_image *img, const char *path, fc_error *err);
void fc_image_clear(fc_image *img);

/* ---- models ---------------------------------------------------------------------------------------- */

/* How a face becomes a model's input picture. */
typedef enum fc_align_mode {
    FC_ALIGN_FIVE_POINT, /* similarity transform of the landmarks to the 112x112 template, scaled to size */
    FC_ALIGN_BOX         /* the box with a margin, resized, as facenet-pytorch's extract_face */
} fc_align_mode;

typedef struct fc_alignment {
    fc_align_mode mode;
    int size;   /* the crop is size x size */
    int margin; /* FC_ALIGN_BOX: pixels of margin at the crop's scale */
} fc_alignment;

typedef struct fc_models fc_models; /* one or more folders with a models.yaml each, the first one wins */

fc_status fc_models_open(fc_models **out, const char *dir, fc_error *err);
/* Adds a folder behind those opened; its names do not hide earlier ones. */
fc_status fc_models_add(fc_models *m, const char *dir, fc_error *err);
void fc_models_free(fc_models *m);

/* ---- engines --------------------------------------------------------------------------------------- */

typedef enum fc_precision { FC_PRECISION_AUTO = 0, FC_PRECISION_FP32, FC_PRECISION_BF16 } fc_precision;

typedef struct fc_engine_options {
    const char *engine; /* "onednn", "torch", or for ONNX files "opencv"; NULL: the best one for this CPU */
    fc_precision precision;
    const char *device; /* "cpu", "cuda", "cuda:1"; NULL: cpu. For torch only */
} fc_engine_options;

/* What runs a network. */
typedef struct fc_engine_facts {
    const char
        *engine; /* its name, as in fc_engine_options; of kernels that are no engine's "rowwise", "coarse" */
    char version[24];       /* of the library that it is */
    fc_precision precision; /* never AUTO */
    char device[16];        /* "cpu", "cuda:1" */
    const char
        *isa; /* the highest instruction set of its kernels, as fc_cpu_hold names it; NULL: it does not say */
} fc_engine_facts;

/* Holds kernels, our own and oneDNN's, to what CPUs of an instruction set have: SSE41, AVX2, AVX512_CORE,
 * AVX512_CORE_VNNI, AVX512_CORE_BF16, AVX512_CORE_AMX, or ALL for no bound; in any case. To be called before anything
 * else. The tools take the name from oneDNN's variable ONEDNN_MAX_CPU_ISA. */
fc_status fc_cpu_hold(const char *isa, fc_error *err);

/* ---- detection ------------------------------------------------------------------------------------- */

typedef struct fc_face {
    double box[4]; /* x, y, width, height */
    double score;  /* probability, 0..1 */
    double landmarks[5]
                    [2]; /* left eye, right eye, nose, left and right mouth corner, as seen in the picture */
    bool has_landmarks;
    int turn; /* 0, 90, 180 or 270: degrees clockwise that the picture has to be turned by for the face to be upright.
               * Left and right are as seen then, places those of the picture as it is */
} fc_face;

/* How far the landmarks are from a face's, as the template for 112 x 112 crops has them: the distance that is left when
 * they have been moved onto it as fc_align does, root mean square, in pixels of the crop. NAN where there are none, or
 * all are one point. */
double fc_face_misfit(const fc_face *f);
/* What a face does not have that lies on its side, or is none. Of LFW's 3,811 photos, 99.7 % have a face with MTCNN's
 * score and this fit; of 636 of them turned by 90, 180 and 270 degrees, 2.4 %, 4.4 % and 0.5 %
 * (tests/lfw/lfw-turns.sh). For YuNet the score is what OpenCV's own detector takes for a face. */
#define FC_GOOD_MISFIT      9.0
#define FC_GOOD_SCORE_MTCNN 0.99
#define FC_GOOD_SCORE_YUNET 0.9

typedef struct fc_faces {
    fc_face *face; /* [n], owned */
    size_t n, cap;
    bool cut; /* there may be more: the picture is a crowd, and these are the best by score */
} fc_faces;
void fc_faces_clear(fc_faces *f);

/* Which faces of a picture count. ONE: exactly one, else it is an error of the caller's. */
typedef enum fc_face_choice {
    FC_FACES_ALL = 0,
    FC_FACES_LARGEST,
    FC_FACES_BEST,
    FC_FACES_CENTER,
    FC_FACES_ONE
} fc_face_choice;

typedef struct fc_detect_options {
    double min_face;      /* pixels of the picture given; >= 12 */
    double thresholds[3]; /* P-, R-, O-Net */
    double factor;        /* pyramid scale step, 0 < factor < 1 */
    int max_faces;        /* of a picture, the best by score; 0: FC_DEFAULT_MAX_FACES */
    bool
        turns; /* where no face is a good one, look for such in the picture turned by 90, 180 and 270 degrees */
} fc_detect_options;
#define FC_DEFAULT_MAX_FACES 1000
#define FC_MAX_FACES         20000 /* the largest max_faces */
#define FC_DETECT_DEFAULTS   ((fc_detect_options){20.0, {0.6, 0.7, 0.7}, 0.709, 0, false})

/* MTCNN (Zhang et al. 2016, "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional
 * Networks"), with the arithmetic of facenet-pytorch 2.6. */
typedef struct fc_detector fc_detector;
typedef struct fc_detect_session fc_detect_session;
fc_status fc_detector_new(fc_detector **out, const fc_models *m, const fc_engine_options *opt, fc_error *err);
/* Another detector, from a file of the user's own. kind "yunet": YuNet (Wu, Peng, Yu 2023) in ONNX, which OpenCV
 * runs; of fc_detect's options, min_face and the last threshold count. */
fc_status fc_detector_open(fc_detector **out, const char *kind, const char *path, fc_error *err);
void fc_detector_free(fc_detector *d);
/* The i-th detector's name; NULL behind the last. */
const char *fc_detector_name(size_t i);
/* What runs a network of the detector: "P-Net", or "P-Net, coarse", which looks at everything in bfloat16 first. Returns
 * how many it has, the first most of them in out. */
typedef struct fc_network_facts {
    const char *network;
    fc_engine_facts engine;
} fc_network_facts;
#define FC_MAX_NETWORKS 8
size_t fc_detector_facts(const fc_detector *d, fc_network_facts *out, size_t most);
fc_status fc_detect_session_new(fc_detect_session **out, const fc_detector *d, fc_error *err);
void fc_detect_session_free(fc_detect_session *s);

typedef struct fc_detect_ms {
    double pnet, rnet, onet; /* milliseconds of the last call, picture pyramid and crops included; MTCNN's */
} fc_detect_ms;

/* Faces by falling score. Boxes and landmarks are in full_w x full_h coordinates, rounded to 1/1000 pixel, scores
 * to 1e-6, so that their decimal form is exact. Time and memory are bounded by the picture's size and max_faces, however
 * many there are. opt may be NULL. faces is cleared first. */
fc_status fc_detect(fc_detect_session *s, const fc_image *img, const fc_detect_options *opt, fc_faces *faces,
                    fc_error *err);
fc_detect_ms fc_detect_last_ms(const fc_detect_session *s);
/* Keeps the chosen faces of a w x h picture; FC_FACES_ONE keeps all (the caller counts). */
void fc_faces_choose(fc_faces *faces, fc_face_choice choice, int w, int h);

/* ---- alignment ------------------------------------------------------------------------------------- */

/* The face as a model wants it: crop becomes a->size x a->size. Five-point alignment needs landmarks. */
fc_status fc_align(fc_image *crop, const fc_image *img, const fc_face *face, const fc_alignment *a,
                   fc_error *err);
/* Similarity transform by least squares, Umeyama 1991 eq. 39-43: to ~ m[0..1][0..1] from + m[.][2]. */
fc_status fc_similarity_fit(double m[2][3], const double from[5][2], const double to[5][2], fc_error *err);

/* ---- embedding ------------------------------------------------------------------------------------- */

typedef struct fc_embedder fc_embedder;
typedef struct fc_embed_session fc_embed_session;
/* model: a name in m, or a path to a model file with a description in YAML beside it: weights of a network that is
 * known here (safetensors, PyTorch's state dict, TensorFlow Lite), TorchScript, or ONNX. */
fc_status fc_embedder_new(fc_embedder **out, const fc_models *m, const char *model,
                          const fc_engine_options *opt, fc_error *err);
void fc_embedder_free(fc_embedder *e);
int fc_embedder_dim(const fc_embedder *e);
const fc_alignment *fc_embedder_alignment(const fc_embedder *e);
/* "name:hash": over weights, input size, alignment, normalisation and flip mode. Owned by e. */
const char *fc_embedder_contract(const fc_embedder *e, bool flip);
/* Default decision threshold on cosine similarity; NAN where the model states none. */
double fc_embedder_threshold(const fc_embedder *e);
const fc_engine_facts *fc_embedder_facts(const fc_embedder *e); /* owned by e */
const char *fc_embedder_engine(const fc_embedder *e);           /* the same for people: "onednn 2.6.3 fp32" */

fc_status fc_embed_session_new(fc_embed_session **out, const fc_embedder *e, fc_error *err);
void fc_embed_session_free(fc_embed_session *s);
/* crop must be size x size. out: [dim], unit length. flip: the mirrored crop's embedding is added before the
 * result is scaled to unit length. */
fc_status fc_embed(fc_embed_session *s, const fc_image *crop, bool flip, float *out, fc_error *err);

/* ---- decision -------------------------------------------------------------------------------------- */

/* Cosine of the angle between a and b, -1..1; 0 where one of them is zero. */
double fc_cosine(const float *a, const float *b, size_t n);
/* |a - b|, of the vectors as they are. */
double fc_euclidean(const float *a, const float *b, size_t n);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
