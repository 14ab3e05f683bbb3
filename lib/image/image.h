/* Inside fc_image. */
#ifndef FC_IMAGE_IMAGE_H
#define FC_IMAGE_IMAGE_H
#include "facecheck.h"

/* A w x h picture whose pixels are not set yet. */
fc_status fc_image_new(fc_image *img, int w, int h, fc_error *err);
/* img turned clockwise by 90, 180 or 270 degrees. out is cleared first. */
fc_status fc_image_turn(fc_image *out, const fc_image *img, int degrees, fc_error *err);

#endif
