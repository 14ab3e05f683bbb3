/* Decoded frames to upright pictures. */
#ifndef FC_VIDEO_PAINTER_H
#define FC_VIDEO_PAINTER_H
#include "facecheck.h"
#include "video/av.h"

typedef struct fc_painter {
    const fc_av_api *api;
    fc_av_paint *paint; /* NULL: not opened */
    const char *name;   /* for messages; borrowed */
    fc_image_options picture;
} fc_painter;

/* The most pixels of a frame, whatever is asked for: the largest frame of H.264's and AV1's levels, of which a decoder keeps many. */
enum { FC_FRAME_MAX_PIXELS = 8192 * 4352 };

/* picture NULL: the defaults. */
fc_status fc_painter_open(fc_painter *p, const char *name, const fc_image_options *picture, fc_error *err);
void fc_painter_close(fc_painter *p);
/* The still, upright and reduced; the image is to be cleared. */
fc_status fc_painter_take(fc_painter *p, const fc_av_still *still, const fc_av_frame *f, fc_image *img,
                          fc_error *err);

#endif
