/* BMP files of Windows and OS/2 to images. */
#ifndef FC_IMAGE_BMP_H
#define FC_IMAGE_BMP_H
#include "image/rows.h"

fc_status fc_bmp_decode(fc_image *img, const fc_source *src, fc_error *err);

#endif
