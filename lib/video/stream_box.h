/* What a stream has ready for whoever takes it: the newest frame, and what is told before and behind it, in the order in which it was. No
 * thread's: stream.c has the lock. */
#ifndef FC_VIDEO_STREAM_BOX_H
#define FC_VIDEO_STREAM_BOX_H
#include "video/stream.h"

/* While the stream was away: of all times in a row, of which no frame was taken between. */
typedef struct fc_stream_absence {
    bool there;
    fc_gap gap;
    fc_error why;
} fc_stream_absence;

/* All zero: empty. */
typedef struct fc_stream_box {
    bool noted, failed, ended, told_end;
    fc_error note, why_failed;
    fc_stream_absence before, behind; /* the frame */
    fc_stream_absence last;           /* it was given up */
    fc_stream_event frame;            /* its still is NULL: there is none */
} fc_stream_box;

/* Another absence, behind the frame that is there. */
void fc_stream_box_put_gap(fc_stream_box *b, const fc_gap *gap, const fc_error *why);
/* A newer frame; its dropped does not count. Returns the still of the one in whose place it is, to be freed; NULL: of none. */
fc_av_still *fc_stream_box_put_frame(fc_stream_box *b, const fc_stream_event *frame);
/* What is next; false: nothing. */
bool fc_stream_box_take(fc_stream_box *b, fc_stream_event *out);

#endif
