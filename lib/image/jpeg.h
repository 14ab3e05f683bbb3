/* JPEG files to images, by libjpeg-turbo. */
#ifndef FC_IMAGE_JPEG_H
#define FC_IMAGE_JPEG_H
#include "image/rows.h"

fc_status fc_jpeg_decode(fc_image *img, const fc_source *src, fc_error *err);

#endif
