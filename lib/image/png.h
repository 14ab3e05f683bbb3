/* PNG files to images and back, by libpng. */
#ifndef FC_IMAGE_PNG_H
#define FC_IMAGE_PNG_H
#include "image/rows.h"

fc_status fc_png_decode(fc_image *img, const fc_source *src, fc_error *err);

#endif
