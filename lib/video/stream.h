/* A live stream: a thread decodes all that comes, and the newest frame is kept for whoever has time for it. Where the stream is away, the
 * thread tries to reach it again. */
#ifndef FC_VIDEO_STREAM_H
#define FC_VIDEO_STREAM_H
#include "video/feed.h"

typedef struct fc_stream fc_stream;

typedef struct fc_stream_how {
    fc_video_from from;   /* its name is copied; its wake ends the thread */
    fc_feed *feed;        /* opened already; taken; NULL: the thread opens it */
    bool own_pace;        /* a file: frames come when their time stamps say */
    bool ends;            /* its end is the end: it is not reached again */
    uint64_t max_pixels;  /* of a frame */
    fc_video_options opt; /* copied */
    int arrived;          /* an eventfd that is written to when there is something to be taken */
} fc_stream_how;

typedef enum fc_stream_kind {
    FC_STREAM_NOTE,  /* why: what goes on, for people */
    FC_STREAM_GAP,   /* gap, why */
    FC_STREAM_STILL, /* still and what follows it */
    FC_STREAM_FAULT, /* why; the last but the end */
    FC_STREAM_END    /* once */
} fc_stream_kind;

typedef struct fc_stream_event {
    fc_stream_kind kind;
    fc_error why;
    fc_gap gap;
    fc_av_still *still; /* to be freed */
    fc_av_frame frame;
    int64_t number; /* of the frame, from 0; of all connections */
    double time;    /* Unix seconds at which it came */
    uint64_t dropped;
} fc_stream_event;

/* Begins. how->feed is taken in any case. */
fc_status fc_stream_start(fc_stream **out, const fc_stream_how *how, fc_error *err);
/* What there is to be taken; false: nothing for now. */
bool fc_stream_take(fc_stream *s, fc_stream_event *out);
/* The frame taken last was not used: dropped, or else none that was wanted. */
void fc_stream_unused(fc_stream *s, bool dropped);
/* What is true now; name, masked, is borrowed. */
fc_live_facts fc_stream_facts(fc_stream *s);
/* Waits for the thread, which the wake of fc_stream_how, or its end, has to have ended. */
void fc_stream_free(fc_stream *s);

#endif
