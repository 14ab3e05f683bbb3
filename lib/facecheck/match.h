/* Embeddings to decisions: similarities, people in a table, who a face is. */
#ifndef FACECHECK_MATCH_H
#define FACECHECK_MATCH_H

#include "facecheck/base.h"

FC_BEGIN_DECLS

/* Cosine of the angle between a and b, -1..1; 0 where one of them is zero. */
double fc_cosine(const float *a, const float *b, size_t n);
/* |a - b|, of the vectors as they are. */
double fc_euclidean(const float *a, const float *b, size_t n);

/* ---- what people are called ---- */

#define FC_NAME_MAX 1000 /* bytes */

/* Whether somebody can be given that name; else FC_EUSAGE. It is UTF-8 of 1..FC_NAME_MAX bytes, composed (NFC) or not; not
 * blank; without control characters, marks that turn the direction of writing and invisible characters (joiners may
 * stand between letters that are spelt with them); and does not look like "unknown", which is what strangers are called,
 * in any case or width. */
fc_status fc_name_check(const char *name, fc_error *err);
/* The less that has to be true of a name which a file holds already: UTF-8 without C0 control characters, 1..FC_NAME_MAX
 * bytes, not "unknown". Earlier versions asked for no more. */
fc_status fc_name_check_stored(const char *name, fc_error *err);

/* The one form (NFC) in which names are stored and compared: accents may be typed as letters of their own. name is UTF-8.
 * Caller frees. */
fc_status fc_name_normal(char **out, const char *name, fc_error *err);
/* The form with accents as letters of their own (NFD), in which an earlier version may have stored it. Caller frees. */
fc_status fc_name_decomposed(char **out, const char *name, fc_error *err);

/* What is the same for names that look alike: without case, blanks, width and invisible characters. Caller frees. */
fc_status fc_name_look(char **out, const char *name, fc_error *err);
/* name with everything but plain ASCII as its code point, "Jos<U+00E9>", and so with blanks that nobody sees: what tells
 * two names apart that look the same. Caller frees. */
fc_status fc_name_spell(char **out, const char *name, fc_error *err);

/* ---- the decision ---- */

/*
 * The one rule by which a score decides.
 *
 * Similarities, distances, classifiers' scores and thresholds are decided upon with six places, as they are printed and
 * stored: both sides are rounded once, by fc_decimal, and what is rounded is compared. So a printed line proves its own
 * verdict, and a threshold that was chosen to refuse a score refuses it everywhere: in fc-match, in a gallery, by a
 * classifier, and in what fc-eval counts.
 */

/* v to six places, the nearest such number; never -0. INFINITY, -INFINITY (no score) and NAN stay what they are.
 * |v| < 1e9. */
double fc_decimal(double v);

/* A similarity, or a classifier's score, from the threshold up; INFINITY, -INFINITY and NAN never. */
bool fc_accepts(double score, double threshold);
/* A distance, up to the threshold; the same three never. */
bool fc_accepts_distance(double distance, double threshold);
/* The distance of two unit vectors at this cosine: |a - b|^2 = 2 - 2 cos. */
double fc_distance_at(double cosine);

/* False accepts that a rate allows among so many impostors. */
uint64_t fc_allowed(double rate, uint64_t impostors);
/* The least threshold that refuses the score, which is a number. */
double fc_threshold_above(double score);
/* The least threshold at which no more than most of the n scores are accepted; -1 where all may be. Sorts them, the
 * greatest first, and last what is never accepted. */
double fc_threshold_for(double *scores, size_t n, size_t most);

/* ---- a threshold for a number of people ---- */

/*
 * A stranger who is compared with N people is taken for one of them more often than for a single one: with independent
 * comparisons at a false match rate FMR, with the probability FPIR = 1 - (1 - FMR)^N, the false positive identification rate
 * (ISO/IEC 19795-1). So a rate that is asked for wants a stricter threshold the more people there are.
 */

enum { FC_CURVE_POINTS = 128 };

/* What a model states of pairs of different people: from which similarity on so many of them look the same. */
typedef struct fc_fmr_curve {
    size_t n;       /* 0: not known */
    uint64_t pairs; /* that were compared for it */
    struct fc_fmr_point {
        double fmr, threshold; /* the least threshold that keeps the rate */
    } point[FC_CURVE_POINTS];  /* [n]: rates fall, thresholds do not */
} fc_fmr_curve;

/* The false match rate of one comparison at which of strangers among so many people (at least 1) the share fpir (above 0,
 * below 1) is taken for somebody. */
double fc_fmr_for(double fpir, uint64_t people);
/* The threshold for an FMR: that of the nearest rate of the curve that is not above it, without interpolation. False where
 * there is none: then it is the strictest one that the curve has. The curve has points. */
bool fc_curve_threshold(double *threshold, const fc_fmr_curve *c, double fmr);

/* ---- one score from several ---- */

/* One score from several samples'. */

typedef enum fc_fuse {
    FC_FUSE_MAX, /* the best sample */
    FC_FUSE_MEAN,
    FC_FUSE_TOP3 /* the mean of the three best, or of all where there are fewer */
} fc_fuse;

/* Scores are added one by one; none of the ways gives more than the best of them. */
typedef struct fc_fused {
    double sum;
    double top[3]; /* falling */
    size_t n;
} fc_fused;

/* How many comparisons a stranger counts for who is compared with so many people of so many photos together: the best of a
 * person's photos is the more often like a stranger the more there are, their mean is not, and the mean of the three best is in
 * between. (LFW, 1 % asked for by the curve, 50 people: with 1, 2, 3 and 5 photos a person 1.1, 1.9, 2.6 and 4.0 % when people
 * were counted for FC_FUSE_MAX; 1.1, 0.6, 0.4 and 0.3 % for FC_FUSE_MEAN.) */
uint64_t fc_fused_comparisons(fc_fuse how, uint64_t people, uint64_t photos);

void fc_fused_add(fc_fused *f, double score);
/* f has at least one. */
double fc_fused_score(const fc_fused *f, fc_fuse how);

/* ---- many people ---- */

/*
 * Embeddings laid out for exact search, in memory or mapped from a file.
 *
 * A row is one sample: its embedding in float32 and its number. The rows of one subject stand together. Beside them,
 * panels of 16 rows hold the same numbers in 8 bits, and how far each row is from its 8-bit form: enough for an upper
 * bound of every similarity from a quarter of the bytes.
 */

typedef struct fc_table fc_table; /* immutable once filled; may be shared between threads */

#define FC_TABLE_MAX_ROWS 1000000000u

typedef struct fc_table_size {
    size_t rows, dim;
    size_t subjects, names; /* names: bytes of all names together */
} fc_table_size;

typedef struct fc_table_row {
    const float *e; /* [dim], unit length */
    int64_t sample;
    size_t subject; /* 0..subjects-1 */
} fc_table_row;

typedef struct fc_table_subject {
    int64_t id;
    const char *name; /* not NUL-terminated */
    size_t length;
    size_t first, rows; /* its rows are [first, first + rows) */
} fc_table_subject;

/* Room for so much. Then every subject is put, in order; then every row, in any order; then it may be searched. */
fc_status fc_table_new(fc_table **out, const fc_table_size *size, fc_error *err);
void fc_table_free(fc_table *t);
/* The next subject, with so many rows. Its name's bytes are copied. */
fc_status fc_table_put_subject(fc_table *t, int64_t id, const char *name, size_t length, size_t rows,
                               fc_error *err);
/* FC_EUSAGE where the embedding is not of unit length (within 1e-5), or row is not the subject's. */
fc_status fc_table_put(fc_table *t, size_t row, const fc_table_row *r, fc_error *err);

fc_table_size fc_table_get_size(const fc_table *t);

/* FC_ECORRUPT where a table from a file is not what was written. */
fc_status fc_table_get(const fc_table *t, size_t row, fc_table_row *out, fc_error *err);
fc_status fc_table_get_subject(const fc_table *t, size_t subject, fc_table_subject *out, fc_error *err);

/* All of it at once. */
fc_status fc_table_check(const fc_table *t, fc_error *err);

/* What a file holds beside the table. */
typedef struct fc_table_label {
    char kind[8];       /* "index", "knn", NUL-padded */
    uint8_t state[16];  /* of the gallery that it was made from */
    char contract[200]; /* NUL-terminated */
    uint8_t note[512];  /* what the kind wants to say */
} fc_table_label;

/* Whether a file with these bytes [n] says that it is a table of that kind; its header is not checked. */
bool fc_table_is(const uint8_t *bytes, size_t n, const char *kind);
/* Writes the file, readable by its owner only: whole under its name, or not at all. */
fc_status fc_table_save(const fc_table *t, const fc_table_label *label, const char *path, fc_error *err);
/* The same for what can be made again, and of which a killed process must leave nothing. */
fc_status fc_table_save_nameless(const fc_table *t, const fc_table_label *label, const char *path,
                                 fc_error *err);
/* Maps it. Header and size are checked here, every part before it is used. kind: what label->kind must be. */
fc_status fc_table_map(fc_table **out, fc_table_label *label, const char *path, const char *kind,
                       fc_error *err);

#define FC_SEARCH_MAX_K 10000

/* ---- who it is ---- */

/*
 * Who of a table's people the faces of a picture are: for each the people most similar to it, one score a person, and
 * the decision whether the first of them is it, or, where nobody can be there twice, which.
 *
 *     fc_identity *who;
 *     if (!fc_identify(&who, table, faces, n, &(fc_identify_options){.candidates = 5, .threshold = 0.4}, &err))
 *         for (size_t i = 0; i < n; i++)
 *             greet(who[i].is ? who[i].is->subject : STRANGER);
 *     free(who);
 */

typedef struct fc_identify_options {
    size_t candidates; /* people that are named for each face, at most; 1..FC_SEARCH_MAX_K */
    fc_fuse fuse;      /* a person's similarity from that of their samples */
    double threshold;  /* similarities from here up are matches, as fc_accepts says */
    bool
        unique; /* nobody is two of the faces: the assignment of greatest total similarity above the threshold */
} fc_identify_options;

typedef struct fc_candidate {
    size_t subject;    /* of the table */
    int64_t sample;    /* the one of theirs that is most similar */
    double similarity; /* to six places */
    bool match;        /* from the threshold up; with unique: this is who the face is */
} fc_candidate;

typedef struct fc_identity {
    const fc_candidate *candidate; /* [n], by falling similarity */
    size_t n;                      /* 0: the table is empty */
    /* Who it is; NULL: nobody known. One of the candidates or, with unique, somebody less similar than all of them. */
    const fc_candidate *is;
} fc_identity;

/* faces: [n][dim], of any length but zero (that is FC_EUSAGE). *out: [n]; one block of memory, candidates and all, which
 * the caller frees with free. */
fc_status fc_identify(fc_identity **out, const fc_table *t, const float *faces, size_t n,
                      const fc_identify_options *opt, fc_error *err);

FC_END_DECLS
#endif
