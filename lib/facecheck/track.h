/* Faces over time: which of a video's are one person's, and who came and went. */
#ifndef FACECHECK_TRACK_H
#define FACECHECK_TRACK_H

#include "facecheck/pipeline.h"

FC_BEGIN_DECLS

/* ---- tracks ---- */

/*
 * A track is a face on its way through a video: faces of one frame after the other that are where it was expected, and look
 * like it as far as that is known.
 *
 *     fc_tracker *t;
 *     if (!fc_tracker_new(&t, NULL, &err))
 *         while (!next_record(&rec))
 *             if (fc_tracker_record(t, &rec, &err))
 *                 ...
 *     fc_tracker_free(t);
 *
 * Each frame's faces go to the tracks by the assignment of greatest total weight (Kuhn 1955), a track at most one. The weight of
 * a face and a track is 0.5 P + 0.5 C, or P where the face has no embedding; half of that where the track has too few faces to
 * be one.
 *   P  place: 0.5 IoU + 0.5 (1 - d / 1.5), where d is the distance of the centres in sides of the two boxes (the mean of
 *      widths and heights), from where the track is expected at its speed (for a second at most); half of that from where it was
 *      last. 0 from d = 1.5 on, or where one side is more than 2.5 times the other
 *   C  cosine of the face's embedding and the track's mean; 0.2 where the track has none. Below 0.2 the face is not the
 *      track's. From the threshold of the embeddings' model on, it may be the track's wherever it is
 * Embeddings of faces with a side below 40 pixels are not compared.
 *
 * Time is that of the frames, so that variable rates and frames that were left out do no harm. Each stream has its own
 * clock and tracks. A frame of an earlier time, by no more than max_age, came out of order, or twice: it is taken as of now. One
 * of a still earlier time begins the stream again, as a file does that is read in a loop: its tracks are over.
 */
typedef struct fc_tracker fc_tracker; /* for one thread at a time */

enum {
    FC_TRACK_HITS = 2,      /* faces that make a track, where nothing else is said */
    FC_TRACK_MOST = 8192,   /* tracks at a time; the one seen longest ago gives way */
    FC_TRACK_FACES = 1024,  /* of a frame; those behind them get no track */
    FC_TRACK_STREAMS = 1024 /* the one seen longest ago gives way */
};
#define FC_TRACK_MAX_AGE 2.0 /* seconds */

typedef struct fc_track_options {
    int min_hits;   /* faces at different times that make a track; those before have no number. At least 1 */
    double max_age; /* seconds without a face after which a track is over. At least 0 */
    double alike;   /* cosine from which on a face may be the track's wherever it is; NAN: never */
    const fc_models *models; /* say that of the records' embeddings instead; NULL: alike it is */
} fc_track_options;

/* opt: NULL: FC_TRACK_HITS, FC_TRACK_MAX_AGE, and NAN. FC_EUSAGE: no such setting. */
fc_status fc_tracker_new(fc_tracker **out, const fc_track_options *opt, fc_error *err);
void fc_tracker_free(fc_tracker *t);

typedef struct fc_track_face {
    double box[4];  /* left, top, width, height */
    const float *e; /* [dim], unit length; NULL: not known */
} fc_track_face;

typedef struct fc_track_frame {
    const char *stream;        /* where it is from: a camera, a file */
    double time;               /* seconds, by the stream's clock */
    const fc_track_face *face; /* [n] */
    size_t n, dim;             /* dim: that of all frames */
} fc_track_frame;

/* track: [n], set to the faces' tracks, numbered from 1 over all streams; 0: none (yet). FC_EUSAGE: a time or a box that is not
 * finite, or another dim. */
fc_status fc_tracker_step(fc_tracker *t, const fc_track_frame *f, uint64_t *track, fc_error *err);

/* The same of a record, whose faces get "track", null where there is none yet. The stream is the record's camera, else its
 * video, else its path; the time is its "time", else its "pts". A record with neither, of a picture, stays as it is, and so does
 * one with an error; a "gap" is a frame without faces. FC_ECONTRACT: an embedding of another contract than those before. */
fc_status fc_tracker_record(fc_tracker *t, fc_record *r, fc_error *err);

/* ---- events ---- */

/*
 * From tracks to visits: one start when it is known who came, one end when they are gone, and an update in between only where
 * somebody else is seen in them. A track is decided on its best faces together: the mean of the embeddings of up to 8, weighed
 * by how good their photos are.
 *
 * The weight of a face is its detector's score, times min(1, eye distance / 60) min(1, sharpness / 150) cos^2(yaw) inside
 * (1 - overexposed) where its quality was measured (fc_quality), else times min(1, shorter side / 110).
 */
typedef struct fc_events fc_events; /* for one thread at a time */

enum {
    FC_EVENT_BEST = 8,    /* faces that a decision is based on */
    FC_EVENT_FACES = 2,   /* that make a visit, where nothing else is said */
    FC_EVENT_MOST = 1024, /* visits at a time; the one seen longest ago ends */
    FC_EVENT_ID = 48      /* bytes of an id, its NUL included */
};

typedef enum fc_event_type { FC_EVENT_START, FC_EVENT_UPDATE, FC_EVENT_END } fc_event_type;
/* "start", "update", "end" */
const char *fc_event_type_name(fc_event_type t);

typedef struct fc_event {
    fc_event_type type;
    char id
        [FC_EVENT_ID]; /* the same for all of a visit, and for the same input: its first second, and a hash */
    const struct json_t *from; /* an object: camera, video, src or src_b64, as the last record has them */
    uint64_t track;            /* the visit's last */
    double time;               /* of the record that it comes with */
    bool unix_time;            /* times are in seconds since 1970, else in seconds of the video */
    double first, last;        /* when they were seen */
    size_t frames;             /* that they were seen in */
    const char *name;          /* NULL: nobody known */
    double similarity;         /* of that decision; NAN: there is none */
    const struct json_t
        *face;         /* the best one, as the record has it; without a crop of more than 256 x 256 pixels */
    const float *mean; /* [dim], unit length; NULL: there were no embeddings */
    size_t dim;
    const char *contract; /* of the embeddings */
} fc_event;

/* Who it is by the mean of their embeddings. *name: NULL: nobody known; caller frees. */
typedef fc_status fc_event_who(void *ctx, const float *mean, size_t dim, char **name, double *similarity,
                               fc_error *err);
/* What e points to lives until it returns. A failure ends the call that it came from. */
typedef fc_status fc_event_sink(void *ctx, const fc_event *e, fc_error *err);

typedef struct fc_event_options {
    int min_faces;   /* of a visit; with fewer it is none. At least 1 */
    double patience; /* seconds that a name is waited for before somebody unknown starts */
    double max_age;  /* seconds without a face after which a track is over */
    double rejoin;   /* seconds within which somebody who is back goes on with their visit */
    double cooldown; /* seconds behind a visit without another one of the same person */
    double alike;    /* cosine of two faces of one person, for those without a name; NAN: none are alike */
    const fc_models *models; /* say that of the records' embeddings instead; NULL: alike it is */
    const char *contract;    /* of the embeddings; NULL: that of the first one. Copied */
    fc_event_who *who;       /* NULL: nobody is known */
    fc_event_sink *sink;
    void *ctx;
} fc_event_options;

/* FC_EUSAGE: no such setting. */
fc_status fc_events_new(fc_events **out, const fc_event_options *opt, fc_error *err);
void fc_events_free(fc_events *ev);
/* A record with tracks; stream and time are as fc_tracker_record has them. */
fc_status fc_events_record(fc_events *ev, const fc_record *r, fc_error *err);
/* The end of all that goes on. */
fc_status fc_events_finish(fc_events *ev, fc_error *err);

FC_END_DECLS
#endif
