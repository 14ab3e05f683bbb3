/* Which frames of a video the options want. */
#ifndef FC_VIDEO_CHOOSE_H
#define FC_VIDEO_CHOOSE_H
#include "facecheck.h"
#include "video/av.h"

typedef struct fc_chooser {
    fc_video_options opt;
    bool any;
    double first;     /* when the first frame was */
    double last_tick; /* of so many a second; before the first frame it means nothing */
} fc_chooser;

/* Whether the frame, the number-th, is wanted. at: when it is shown or, of a live stream, came, in seconds; NAN: not known. *past: nor is
 * any later one. What is not coded on its own where only such frames are wanted counts as none. */
bool fc_chooser_wants(fc_chooser *c, const fc_av_frame *f, int64_t number, double at, bool *past);
/* From when on nothing is wanted, as at is; INFINITY: no such time, or it is not known yet. */
double fc_chooser_end(const fc_chooser *c);

#endif
