/*
 * A gallery: people, and samples of their faces, in one SQLite file (write-ahead log, format 2, or 3 once it was calibrated; the manual
 * page fc-gallery(1) describes it).
 *
 * Everything written is there after a crash once its transaction is committed, or not at all. Any number of processes
 * may read while one writes; writers wait for each other. The file, its log, its count of commits and its index are the
 * owner's only (0600). Others that may read it, but not write beside it, read a copy in memory of what it was when they
 * opened it, also while the owner writes.
 *
 * Damage is found, not answered from (FC_ECORRUPT, for whoever reads): every subject and sample has a checksum over all
 * its columns; the gallery counts and sums them, and counts its commits; the schema is exactly the expected one, and
 * nothing that the file brings (triggers, views) is run. What is changed, lost, or in the wrong place is found, and so
 * is a log that lost some of its commits, as long as the count of them (GALLERY-commits) lies beside it; a log that is
 * gone together with that file is not missed, and neither is a commit that a power loss took before it was reported.
 *
 * In a sealed gallery all of that is authenticated by whoever has the key: each embedding is bound to its gallery, its
 * person, its photo and all else of its row, and the sets of people and samples are bound by a root that changes with
 * each commit. Rows of another time, swapped names and removed people are found. An older state of the whole gallery is
 * one that was right, and is not: to notice that, keep `commits` and `state` somewhere else.
 *
 * A gallery holds embeddings of one contract: the first one's.
 */
#ifndef FACECHECK_GALLERY_H
#define FACECHECK_GALLERY_H

#include "facecheck/match.h"
#include "facecheck/pipeline.h"

FC_BEGIN_DECLS

/* ---- secrets ---- */

/* What the user keeps: 64 hexadecimal digits are a key, anything else is a passphrase. In locked memory. */
typedef struct fc_secret fc_secret;
#define FC_SECRET_MAX 4096
enum { FC_PASSPHRASE_MIN = 12, FC_PASSPHRASE_WEAKEST = 8 }; /* bytes */
/* One line feed at the end, or carriage return and line feed, do not count. FC_EDATA for a passphrase shorter than
 * FC_PASSPHRASE_MIN, or of few different characters, unless weak (then: shorter than FC_PASSPHRASE_WEAKEST); and for
 * what looks like a key with digits lost, added or mistyped, in any case. name is for messages. */
fc_status fc_secret_new(fc_secret **out, const void *bytes, size_t n, bool weak, const char *name,
                        fc_error *err);
/* The same from f, to its end. f has not been read from yet, and gets no buffer, in which a copy would stay. */
fc_status fc_secret_read(fc_secret **out, FILE *f, bool weak, const char *name, fc_error *err);
/* The same from a file, or a pipe. FC_EDATA where others than its owner may read or write the file, unless weak; hint
 * goes behind what that message says to do (NULL: none). */
fc_status fc_secret_read_file(fc_secret **out, const char *path, bool weak, const char *hint, fc_error *err);
void fc_secret_free(fc_secret *s);

/* ---- galleries ---- */

typedef struct fc_gallery fc_gallery; /* for one thread at a time */

typedef enum fc_gallery_mode { FC_GALLERY_READ, FC_GALLERY_WRITE, FC_GALLERY_CREATE } fc_gallery_mode;

typedef struct fc_gallery_options {
    fc_gallery_mode mode; /* CREATE: where there is none, the first commit makes it */
    /* For sealed ones; NULL: their embeddings stay closed, and they cannot be changed. With a secret, one that is not
     * sealed is FC_EDATA. Not needed after opening. */
    const fc_secret *secret;
    bool seal;   /* one that is made here is sealed, with secret */
    int wait_ms; /* for other writers; 0: 30 s */
} fc_gallery_options;

/* FC_EFORMAT: not a gallery. A wrong secret is FC_EDATA. */
fc_status fc_gallery_open(fc_gallery **out, const char *path, const fc_gallery_options *opt, fc_error *err);
void fc_gallery_free(fc_gallery *g);

const char *fc_gallery_path(const fc_gallery *g);
bool fc_gallery_sealed(const fc_gallery *g);
/* There is no file yet. Where another process makes it at the same time, the first commit fails (FC_EIO), and g is theirs
 * from then on: then it can be done again. */
bool fc_gallery_is_new(const fc_gallery *g);
/* Makes a gallery of format 1 one of today's. A sealed one needs its secret. FC_EDATA where it is one already. */
fc_status fc_gallery_upgrade(const char *path, const fc_secret *secret, fc_error *err);

/* ---- transactions ---- */

/* All, or nothing. What reads or writes outside of one is one of its own. */
fc_status fc_gallery_begin(fc_gallery *g, bool write, fc_error *err);
fc_status fc_gallery_commit(fc_gallery *g, fc_error *err); /* on failure it is rolled back */
void fc_gallery_rollback(fc_gallery *g);

typedef struct fc_gallery_info {
    char contract[200]; /* "": nothing enrolled yet */
    size_t dim;         /* 0: nothing enrolled yet */
    uint64_t subjects, samples;
    uint8_t state[16]; /* another after every change, chained: never the same for different contents */
    uint64_t commits;  /* that changed something, with the one that made it */
    uint8_t samples_state[16]; /* of the samples and whose they are: nothing else changes it */
} fc_gallery_info;
fc_status fc_gallery_get_info(fc_gallery *g, fc_gallery_info *out, fc_error *err);

/* ---- people ---- */

typedef struct fc_subject {
    int64_t id;
    const char *name;       /* UTF-8 without C0 control characters, 1..FC_NAME_MAX bytes */
    const char *meta;       /* a JSON object, compact */
    uint64_t photos, views; /* samples: photos, and views made of them; 0 where they were not asked for */
} fc_subject;

/* FC_EMISSING where there is nobody of that name. */
fc_status fc_gallery_find(fc_gallery *g, const char *name, int64_t *id, fc_error *err);
/* Finds or makes. */
fc_status fc_gallery_put_subject(fc_gallery *g, const char *name, int64_t *id, fc_error *err);
/* meta: a JSON object, else FC_EUSAGE. */
fc_status fc_gallery_set_meta(fc_gallery *g, int64_t id, const char *meta, fc_error *err);
/* FC_EDATA where somebody has the name. */
fc_status fc_gallery_rename(fc_gallery *g, int64_t id, const char *name, fc_error *err);
/* With all samples. */
fc_status fc_gallery_remove(fc_gallery *g, int64_t id, fc_error *err);
/* from's samples become into's, those that it has already are dropped, and from is removed. */
fc_status fc_gallery_merge(fc_gallery *g, int64_t into, int64_t from, fc_error *err);
/* In the order of their enrolment. What each gets lives until it returns; a failure of its own ends the walk. counts:
 * samples are counted, for which all of them are read. */
typedef fc_status fc_subject_fn(void *ctx, const fc_subject *s, fc_error *err);
fc_status fc_gallery_each_subject(fc_gallery *g, bool counts, fc_subject_fn *each, void *ctx, fc_error *err);

/* Samples that are photos, and not views made of them. */
fc_status fc_gallery_count_photos(fc_gallery *g, uint64_t *out, fc_error *err);

/* ---- samples ---- */

#define FC_SOURCE_MAX 65536

typedef struct fc_sample {
    int64_t id; /* given when it is put */
    int64_t subject;
    const float *e; /* [dim]; NULL where embeddings were not asked for */
    size_t dim;
    const char *contract;
    const char *source;  /* bytes of the photo's path, at most FC_SOURCE_MAX; "" where there is none */
    uint8_t content[32]; /* SHA-256 of the photo's bytes, or of the embedding where there was no photo */
    int face;            /* of the faces in the photo */
    int view;            /* 0: the photo; 1, 2...: views made of it */
    double quality;      /* 0..1, NAN: not known */
} fc_sample;

/* The embedding is stored at unit length. *added is false, and nothing changes, where the subject has that very
 * embedding already. FC_ECONTRACT names both contracts. */
fc_status fc_gallery_put_sample(fc_gallery *g, fc_sample *s, bool *added, fc_error *err);
/* The last view of a photo of that content that the subject has; -1: none. */
fc_status fc_gallery_last_view(fc_gallery *g, int64_t subject, const uint8_t content[32], int *view,
                               fc_error *err);
/* FC_EMISSING where there is none of that number. */
fc_status fc_gallery_remove_sample(fc_gallery *g, int64_t id, fc_error *err);
/* A subject's (0: everybody's) samples, by rising number. */
typedef fc_status fc_sample_fn(void *ctx, const fc_sample *s, fc_error *err);
fc_status fc_gallery_each_sample(fc_gallery *g, int64_t subject, bool embeddings, fc_sample_fn *each,
                                 void *ctx, fc_error *err);

/* ---- enrolment ---- */

/*
 * Photos of people, and records, into a gallery:
 *
 *     fc_enrolment_new(&e, &(fc_enrolment_settings){.models = models}, &err);
 *     fc_enrolment_add_people(e, "people", &err);
 *     fc_enrolment_run(e, gallery, &counts, &err);
 *     fc_enrolment_free(e);
 *
 * A photo that the person has already, with as many views, is known by its bytes, and no model is opened for it; nor is
 * one for records that have embeddings. What is wrong with a photo is that photo's, and the others go on. The gallery
 * is the same at any number of jobs.
 */

typedef enum fc_enrol_outcome {
    FC_ENROLLED,
    FC_KNOWN,
    FC_REFUSED,
    FC_NO_PHOTO /* a record of nobody: when a live stream was away, or clustered and in no cluster */
} fc_enrol_outcome;

/* What became of a photo or record. */
typedef struct fc_enrolled {
    fc_enrol_outcome outcome;
    const char *id;      /* whom it is of, as the gallery has the name; NULL: it does not say */
    const char *path;    /* the photo's; NULL: it has none */
    size_t samples;      /* FC_ENROLLED: how many are new */
    fc_error why;        /* FC_REFUSED: the code, and the reason in words */
    bool refused_before; /* by who made the record */
    const char *note;    /* what is odd about one that was not refused; NULL: nothing */
    const fc_record
        *record; /* what is known of it, an error record where it was refused; NULL for templates */
} fc_enrolled;

typedef struct fc_enrolment_progress {
    size_t photos;             /* that came by, this one included */
    size_t people, all_people; /* parts that were begun and were added, but for sources */
} fc_enrolment_progress;

enum { FC_ENROLMENT_MAX_VIEWS = 100 };

/* All 0 are good settings, but for the models. What it points to outlives the enrolment. */
typedef struct fc_enrolment_settings {
    /* Which faces of which pictures. NULL: the usual, and a photo has to have one face. */
    const fc_face_options *detect;
    /* The models; or, where models is NULL, what opens them when a photo needs one. What it opens is the enrolment's. */
    const fc_models *models;
    fc_status (*open_models)(void *ctx, fc_models **out, fc_error *err);
    /* Once these are there: what knows pictures that were embedded before, and outlives the enrolment; *out NULL: nothing. NULL:
     * there is none. */
    fc_status (*open_cache)(void *ctx, fc_cache **out, fc_stages *stages, const fc_pipeline_plan *plan,
                            fc_error *err);
    fc_engine_options engine;
    const char *model; /* NULL: that of the gallery's embeddings, FC_DEFAULT_MODEL where it has none */
    bool flip;
    fc_background
        background;  /* of photos, and of the views of them; records that have embeddings are refused then */
    int augment;     /* views of each photo beside it, 0..FC_ENROLMENT_MAX_VIEWS; not of crops */
    uint64_t seed;   /* of the views: others for another number */
    bool weak_faces; /* take faces whose landmarks or score are those of a face on its side, or of none */
    /* A photo with a face that does not keep these is noted as poor, or is refused; so is one of which nothing was measured, if
     * least is there. NULL: none is. */
    const fc_quality_limits *usual, *least;
    const char *id_field; /* of records, that names the person; NULL: "id" */
    bool clustered;       /* records are clusters' faces: what is in none, and what failed, is of nobody */
    const char
        *meta; /* a JSON object to keep with everybody, those whose photos are known, too; NULL: none */
    const fc_source_options
        *folders;   /* of parts that are no sources: recursive and exclude count. NULL: neither */
    int jobs;       /* as fc_jobs: 0 is one for each CPU */
    bool fail_fast; /* the first photo that is refused is the last one */
    /* Who hears. On the thread that runs it; any may be NULL. */
    fc_status (*result)(void *ctx, const fc_enrolled *r,
                        fc_error *err);               /* each photo in order, once it is committed */
    fc_status (*committed)(void *ctx, fc_error *err); /* after the results of a commit */
    void (*progress)(void *ctx, const fc_enrolment_progress *p); /* at each photo, before it is committed */
    void *ctx;
    const fc_teller
        *teller; /* hears of folders that are passed over, photos that were refused here, and notes */
    /* What goes behind messages, for a user who has options to set; NULL: nothing. */
    const char *hint_id;     /* "whose picture?" */
    const char *hint_people; /* a folder without folders */
    const char *hint_weak;   /* a face that weak_faces would take */
} fc_enrolment_settings;

typedef struct fc_enrolment fc_enrolment;
fc_status fc_enrolment_new(fc_enrolment **out, const fc_enrolment_settings *set, fc_error *err);
void fc_enrolment_free(fc_enrolment *e);

/* What is added is taken in that order. */
/* A folder with one folder of photos for each person, by whose name it is called. One that is there a second time by a
 * link is told of and passed over. FC_EEMPTY: there is none in it. */
fc_status fc_enrolment_add_people(fc_enrolment *e, const char *dir, fc_error *err);
/* A photo of somebody, a folder of them or a file of records, as operands of fc_source_open. FC_EUSAGE: id is no name. */
fc_status fc_enrolment_add_photos(fc_enrolment *e, const char *id, const char *path, fc_error *err);
/* All that comes from in, which is to be closed after the run. id NULL: records say whose they are; a picture then is
 * FC_EUSAGE when it comes. */
fc_status fc_enrolment_add_source(fc_enrolment *e, const char *id, fc_source *in, fc_error *err);

typedef struct fc_enrolment_counts {
    size_t enrolled, known, refused; /* photos and records that results told of */
    bool stopped;                    /* by fail_fast */
} fc_enrolment_counts;

/* Enrols what was added; to be called once, outside of a transaction. *count, which may be NULL, is of what was committed also where
 * the run failed. A gallery that is new is made by the first photo that is enrolled. FC_ECONTRACT: the models, or a
 * record's, are not those of the gallery's embeddings. */
fc_status fc_enrolment_run(fc_enrolment *e, fc_gallery *g, fc_enrolment_counts *count, fc_error *err);
/* After the run, while its gallery is open. Who is new, and has a name that looks like another's. */
fc_status fc_enrolment_alike(fc_enrolment *e, const fc_teller *tell, fc_error *err);
/* Who has few photos, and new photos that look more like somebody else or are nearly the same as others. *found: so many. */
fc_status fc_enrolment_doubts(fc_enrolment *e, const fc_teller *tell, size_t *found, fc_error *err);

/* An enrolment of templates under their persons' names, in one transaction: those that cannot be put undo the others.
 * What a person has already is not put again. FC_EEMPTY: there is no template among them. contract: of the stages that
 * made the templates (fc_stages_model). */
fc_status fc_gallery_enrol(fc_gallery *g, const fc_templates *t, const char *contract, fc_error *err);

/* ---- all of it ---- */

/* Everything, checked, ready for search: subjects and samples by rising number. label gets kind "index", state and
 * contract. */
fc_status fc_gallery_load(fc_gallery *g, fc_table **out, fc_table_label *label, fc_error *err);
/* Leaves nothing of what was removed in the file and its log. FC_EIO where another process still reads it. */
fc_status fc_gallery_purge(fc_gallery *g, fc_error *err);
/* SQLite's own checks, and every checksum; with the secret, every embedding too. */
fc_status fc_gallery_check(fc_gallery *g, fc_error *err);

/* ---- thresholds for the number of people ---- */

/*
 * A calibration says how like strangers are to the people of a gallery: the greatest similarity of each look at a stranger. From
 * it comes the threshold at which a look to come gets a name with no more than a probability, the FPIR that is asked for: of n
 * looks floor(FPIR (n + 1)) - 1 may be above it, one less than a share of FPIR (match/decide.h). With fewer than 1 / FPIR looks
 * not even their greatest keeps the rate, and it takes 3 / FPIR to show it.
 *
 * It is made with a cohort, faces of people who are not enrolled, or without one of the enrolled people left out in turn: each
 * of their photos (not views of it) is looked for among all others. It is for the people who were there then.
 */
typedef enum fc_calibration_way { FC_BY_COHORT, FC_BY_LEAVING_OUT } fc_calibration_way;

typedef struct fc_calibration {
    fc_calibration_way way;
    fc_fuse fuse;
    double fpir;        /* that it was made for */
    uint64_t people;    /* who had samples */
    char contract[200]; /* of the embeddings */
    uint8_t
        cohort[32]; /* SHA-256 of the hashes of the cohort's pictures, sorted; zeros where there was none */
    size_t looks;
    const double *score; /* [looks], to six places, falling; in the same block of memory */
} fc_calibration;

#define FC_MOST_LOOKS 1000000

typedef struct fc_calibrate_options {
    double fpir; /* above 0, below 1 */
    fc_fuse fuse;
    double
        alike; /* looks from this similarity on are told of: they may be somebody who is enrolled. NAN: none */
    const fc_teller *teller; /* NULL: nobody */
} fc_calibrate_options;

/* Makes a calibration, and keeps it in the gallery, in one transaction; it takes the place of the one before. cohort: its
 * templates, of that contract (NULL, NULL: the people are left out in turn). *out: a copy, which the caller frees with free.
 * FC_EUSAGE: no such FPIR. FC_ECONTRACT names both contracts. FC_EEMPTY: there is no template in the cohort. FC_EDATA: photos
 * of the cohort are enrolled, which the message names and counts; nobody is enrolled; or one person, and no cohort. */
fc_status fc_gallery_calibrate(fc_gallery *g, const fc_templates *cohort, const char *contract,
                               const fc_calibrate_options *opt, fc_calibration **out, fc_error *err);
/* NULL: it was never calibrated. Caller frees with free. */
fc_status fc_gallery_get_calibration(fc_gallery *g, fc_calibration **out, fc_error *err);

/* What a calibration says of a rate. */
typedef struct fc_fpir_point {
    double threshold;
    uint64_t named; /* of its looks */
    double rate;
    fc_interval interval; /* Clopper-Pearson at FC_CONFIDENCE */
    bool enough;          /* there are 3 / FPIR looks */
} fc_fpir_point;
/* fpir: above 0, below 1. */
fc_fpir_point fc_calibration_at(const fc_calibration *c, double fpir);

/* ---- which threshold ---- */

typedef enum fc_threshold_source {
    FC_THRESHOLD_CALIBRATED, /* by the gallery's calibration */
    FC_THRESHOLD_CURVE,      /* by the model's curve, for so many people */
    FC_THRESHOLD_CURVE_END,  /* so low a rate is beyond the curve: its strictest one */
    FC_THRESHOLD_MODEL       /* the model's own for two faces: it states no curve */
} fc_threshold_source;

typedef struct fc_threshold {
    double threshold;
    fc_threshold_source source;
    double fpir;          /* that it is for */
    uint64_t people;      /* now */
    uint64_t comparisons; /* that a look at a stranger counts for, by the curve */
    fc_fpir_point
        at; /* of the gallery's calibration; at.threshold is NAN where there is none for this way of fusing */
    bool grown;      /* since it was made there are more than 1.2 times as many people */
    bool other_fuse; /* there is one for another way of fusing */
} fc_threshold;

#define FC_DEFAULT_FPIR 0.01
/* The threshold by which strangers among so many people, of so many photos together, get a name at that rate. A calibration with too few looks for it is not
 * taken at its word: where the model's threshold is stricter, that is it. c: the gallery's calibration, or NULL. model:
 * what is known of the model. fpir: above 0 and below 1; NAN: the calibration's, or FC_DEFAULT_FPIR. FC_EUSAGE: no such rate;
 * FC_EMODEL: the model states neither a curve nor a threshold. */
fc_status fc_threshold_choose(fc_threshold *out, const fc_calibration *c, const fc_model_facts *model,
                              fc_fuse fuse, uint64_t people, uint64_t photos, double fpir, fc_error *err);

/* ---- the index ---- */

/*
 * The index of a gallery: its table, in a file beside it (GALLERY.index), mapped instead of read from the database.
 * It carries the gallery's state, which every change replaces, so that an index of other contents is always told from
 * this one's; it is then made again. A change that removes or renames something leaves an empty file in its place. A sealed gallery has none: it would hold the embeddings in the
 * open.
 */

/* Makes the index, or makes it again. */
fc_status fc_index_build(fc_gallery *g, fc_error *err);

typedef enum fc_index_use {
    FC_INDEX_NONE,  /* there is no index: all was read from the database */
    FC_INDEX_FRESH, /* mapped */
    FC_INDEX_STALE /* there was one of other contents: all was read, and the index made again where that is possible */
} fc_index_use;

/* The gallery's table by the fastest way; how may be NULL. contract is "" where nobody is enrolled. */
fc_status fc_index_open(fc_gallery *g, fc_table **out, fc_table_label *label, fc_index_use *how,
                        fc_error *err);
/* Whether there is one. check: a fresh one is read to its end, for damage. */
fc_status fc_index_state(fc_gallery *g, bool check, fc_index_use *state, fc_error *err);

/* fc_gallery_purge, and the same for the index. */
fc_status fc_index_purge(fc_gallery *g, fc_error *err);

FC_END_DECLS
#endif
