/* What a camera is asked for, as people write it. */
#ifndef FC_VIDEO_CAPTURE_H
#define FC_VIDEO_CAPTURE_H
#include "facecheck.h"

typedef struct fc_capture {
    int w, h;    /* 0: what it is set to */
    double rate; /* frames a second; likewise */
} fc_capture;

/* text is "WxH", "WxH@FPS" or "@FPS"; NULL: nothing is asked for. FC_EUSAGE. */
fc_status fc_capture_parse(fc_capture *out, const char *text, fc_error *err);

#endif
