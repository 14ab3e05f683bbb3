/* Cameras and files, each with its own clock. */
#ifndef FC_TRACK_STREAMS_H
#define FC_TRACK_STREAMS_H
#include "facecheck.h"

struct fc_stream {
    char *key;       /* owned */
    uint64_t number; /* never that of another one */
    double now;
    uint64_t frames; /* of it */
    uint64_t used;   /* when, in frames of all streams */
};

typedef struct fc_streams {
    struct fc_stream *stream; /* [n], owned */
    size_t n, cap;
    uint64_t count, frames;
} fc_streams;

/* A frame's place in its stream's time. */
typedef struct fc_tick {
    uint64_t stream; /* its number */
    uint64_t gone;   /* the stream that gave way to it, and is forgotten; 0: none */
    uint64_t frame;  /* its number in the stream, from 1 */
    double now;      /* never earlier than that of the frame before, unless it is a restart */
    bool later;      /* than the frame before */
    bool restart;    /* the stream began again: nothing of it goes on */
} fc_tick;

/* back: seconds by which a frame may be out of order. FC_EUSAGE: time is not finite. */
fc_status fc_streams_tick(fc_streams *s, const char *key, double time, double back, fc_tick *out,
                          fc_error *err);
void fc_streams_clear(fc_streams *s);

#endif
