/* PNM to images, by OpenCV in a module that is loaded on first use. */
#ifndef FC_IMAGE_OPENCV_H
#define FC_IMAGE_OPENCV_H
#include "image/rows.h"
#include "image/sniff.h"

fc_status fc_opencv_decode(fc_image *img, const fc_source *src, fc_format format, fc_error *err);

/* Opens the module, if there is one. */
void fc_opencv_prepare(void);

#endif
