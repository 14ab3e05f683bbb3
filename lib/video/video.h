/* Videos to pictures, through the module facecheck-video.so, which is loaded with the first of them. */
#ifndef FC_VIDEO_VIDEO_H
#define FC_VIDEO_VIDEO_H
#include "facecheck.h"

typedef struct fc_video fc_video;

/* Where bytes come from that are no file: as read(2) has it, -1 where it failed. */
typedef int fc_video_read(void *ctx, uint8_t *to, int n);

/* From now on bytes come from there, counted from the beginning; -1: it failed. */
typedef int64_t fc_video_seek(void *ctx, int64_t to);

typedef struct fc_video_from {
    const char *name;    /* a file, or a URL; where read is there, what messages call it */
    fc_video_read *read; /* NULL: name is opened */
    fc_video_seek *seek; /* with read; NULL: they come in one order only */
    int64_t size;        /* where there is a seek */
    void *ctx;
    int wake; /* a readable descriptor here ends what waits for a server; -1: none */
} fc_video_from;

/* Seconds that a server has for an answer, and for a frame, unless the options say more. */
enum { FC_VIDEO_TIMEOUT = 10 };

typedef struct fc_video_frame {
    fc_image image;
    int64_t frame;   /* counted from 0 in the order in which they are shown; -1: not known */
    double pts;      /* seconds; NAN: the file states none */
    double time;     /* Unix seconds at which it came, of a URL or a live stream; NAN: of a file */
    int64_t dropped; /* of a live stream: wanted frames since the last that was taken; -1: of no live one */
} fc_video_frame;

/* opt and picture (limits, the longest side, the budget; NULL: the defaults) are copied. */
fc_status fc_video_open(fc_video **out, const fc_video_from *from, const fc_video_options *opt,
                        const fc_image_options *picture, fc_error *err);
/* The next frame that the options want; its image is to be cleared. FC_END: no more. A video of which parts could not be
 * decoded says so at its end, FC_ECORRUPT. */
fc_status fc_video_next(fc_video *v, fc_video_frame *out, fc_error *err);
/* Whether it turned out to be a server's stream that has no end. */
bool fc_video_is_endless(const fc_video *v);
/* What it reads from, which stays open without it; it is closed. */
struct fc_feed *fc_video_leave(fc_video *v);
void fc_video_close(fc_video *v);

/* Unix seconds now, to a millisecond. */
double fc_video_clock(void);

/* Whether this is the name of a stream, a server's ("rtsp://...") or a camera's, and whether such a one is live wherever it
 * leads. */
bool fc_video_is_stream(const char *name);
bool fc_video_is_live(const char *name);
/* Whether it looks like a server's, of a protocol that is not taken ("ftp://..."), and no file has this name. */
bool fc_video_is_foreign(const char *name);
/* Whether this is a camera of this machine, a device of Video4Linux as it is there now. */
bool fc_video_is_camera(const char *name);
/* The same name with a password in it, and a query, replaced by "***", also where blanks, quotation marks or a byte-order mark stand in
 * front of it; caller frees, NULL: no memory. */
char *fc_video_masked(const char *name);

#endif
