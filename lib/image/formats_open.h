/* WebP, TIFF, JPEG 2000, HEIC and AVIF to images, by modules that are loaded on first use. */
#ifndef FC_IMAGE_FORMATS_OPEN_H
#define FC_IMAGE_FORMATS_OPEN_H
#include "image/rows.h"
#include "image/sniff.h"

fc_status fc_formats_decode(fc_image *img, const fc_source *src, fc_format format, fc_error *err);

/* Opens the module that decodes it, if there is one. */
void fc_formats_prepare(fc_format format);

#endif
