/* Inside the module: what its two files share. */
#ifndef FC_VIDEO_AV_IMPL_H
#define FC_VIDEO_AV_IMPL_H
#include "video/av.h"

/* libav's error in words. */
fc_status fc_av_fail(fc_error *err, const char *name, int code);
/* libav writes nothing to stderr from now on. */
void fc_av_silence(void);

/* Those of fc_av_api. */
fc_status fc_av_write_open(fc_av_writer **out, const fc_av_output *o, fc_error *err);
fc_status fc_av_write(fc_av_writer *w, const uint8_t *rgb, size_t stride, double seconds, fc_error *err);
fc_status fc_av_write_end(fc_av_writer *w, fc_error *err);
void fc_av_write_close(fc_av_writer *w);

#endif
