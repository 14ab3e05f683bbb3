/* Pictures to a video, an MP4 file that appears when it is whole. */
#ifndef FC_VIDEO_WRITER_H
#define FC_VIDEO_WRITER_H
#include "facecheck.h"

typedef struct fc_video_writer fc_video_writer;

/* All pictures are of w x h pixels, 2 or more; the last row or column of an odd number is left out, as the format wants it. */
fc_status fc_video_create(fc_video_writer **out, const char *path, int w, int h, fc_error *err);
/* Seconds from the beginning; those that do not grow are moved. */
fc_status fc_video_put(fc_video_writer *v, const fc_image *img, double seconds, fc_error *err);
fc_status fc_video_commit(fc_video_writer *v, fc_error *err);
/* NULL is allowed; a video that was not committed is not there. */
void fc_video_discard(fc_video_writer *v);

#endif
