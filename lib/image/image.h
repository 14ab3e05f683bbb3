/* Inside fc_image. */
#ifndef FC_IMAGE_IMAGE_H
#define FC_IMAGE_IMAGE_H
#include "image/rows.h"
#include "image/sniff.h"

/* A w x h picture whose pixels are not set yet. */
fc_status fc_image_new(fc_image *img, int w, int h, fc_error *err);
/* img turned clockwise by 90, 180 or 270 degrees. out is cleared first. */
fc_status fc_image_turn(fc_image *out, const fc_image *img, int degrees, fc_error *err);

/* Decodes, once, here, with what src->claim holds; FC_END as fc_source_claim has it. On failure img may hold pixels. */
fc_status fc_image_try(fc_image *img, const fc_source *src, fc_error *err);
/* Whether a module decodes the format. */
bool fc_image_wants_module(fc_format f);
/* Opens that module, where there is one. Where it cannot be opened, that is told when a picture comes. */
void fc_image_prepare(fc_format f);

#endif
