/* libav for C that does without it: what the module facecheck-video.so exports. It writes nothing to stderr. */
#ifndef FC_VIDEO_AV_H
#define FC_VIDEO_AV_H
#include "video/capture.h"

typedef struct fc_av fc_av;             /* an open video, of one thread at a time */
typedef struct fc_av_still fc_av_still; /* a decoded frame on its own, which outlives its video */
typedef struct fc_av_paint fc_av_paint; /* turns stills to RGB; of one thread at a time */

typedef struct fc_av_input {
    const char *name;   /* for messages */
    const char *url;    /* NULL: bytes come from read */
    bool camera;        /* url is the path of a device, for which facecheck-camera.so is there */
    fc_capture capture; /* what it is asked for */
    /* Bytes read, 0 at the end, -1 where reading failed. */
    int (*read)(void *ctx, uint8_t *to, int n);
    int64_t (*seek)(void *ctx, int64_t to); /* as lseek, from the beginning; NULL: a pipe */
    int64_t size;                           /* where there is a seek */
    bool (*stop)(void *ctx);                /* asked while a server is waited for; true ends that */
    void *ctx;
    uint64_t max_pixels; /* of a frame; larger ones are refused before they are allocated */
    bool keyframes;      /* decode no others */
} fc_av_input;

/* What was decoded. */
typedef struct fc_av_frame {
    double pts; /* seconds, libav's best effort; NAN where it knows none */
    bool key;
    int w, h;
    int orientation; /* EXIF's, 1..8, by the display matrix */
} fc_av_frame;

typedef struct fc_av_writer fc_av_writer; /* a video that is being made, of one thread at a time */

typedef struct fc_av_output {
    const char *name;                                   /* for messages */
    int (*write)(void *ctx, uint8_t *data, int n);      /* n, else it failed, and errno says why */
    int64_t (*seek)(void *ctx, int64_t to, int whence); /* as lseek */
    void *ctx;
    int w, h; /* even */
} fc_av_output;

/* The symbol "fc_video". */
typedef struct fc_av_api {
    const char *built_for; /* FC_VERSION; of another version nothing else here may be used */

    /* Opens the best video stream. FC_EUNSUPPORTED: no decoder for its codec, which the message names. FC_EDATA: the server wants
     * another password. */
    fc_status (*open)(fc_av **out, const fc_av_input *in, fc_error *err);
    /* The next frame. Frames that are damaged are passed over, and counted. FC_END: no more. */
    fc_status (*next)(fc_av *v, fc_av_frame *out, fc_error *err);
    /* The frame decoded last; to be freed. */
    fc_status (*still)(const fc_av *v, fc_av_still **out, fc_error *err);
    uint64_t (*damaged)(const fc_av *v); /* frames and packets passed over */
    bool (*endless)(const fc_av *v); /* a server's stream that states no end, neither by time nor by size */
    void (*close)(fc_av *v);
    void (*still_free)(fc_av_still *s);

    /* name, for messages, is copied. */
    fc_status (*paint_new)(fc_av_paint **out, const char *name, fc_error *err);
    /* The still as rows of 8-bit RGB, not turned yet; valid until the next call. */
    fc_status (*rgb)(fc_av_paint *p, const fc_av_still *s, const uint8_t **rgb, size_t *stride,
                     fc_error *err);
    void (*paint_free)(fc_av_paint *p);

    /* A video of pictures, MP4. name is copied. */
    fc_status (*write_open)(fc_av_writer **out, const fc_av_output *o, fc_error *err);
    /* A picture as rows of 8-bit RGB, at so many seconds from the beginning. */
    fc_status (*write)(fc_av_writer *w, const uint8_t *rgb, size_t stride, double seconds, fc_error *err);
    fc_status (*write_end)(fc_av_writer *w, fc_error *err);
    void (*write_close)(fc_av_writer *w);
} fc_av_api;

#endif
