#ifndef FC_IMAGE_JPEG_ENCODE_H
#define FC_IMAGE_JPEG_ENCODE_H
#include <stdio.h>
#include "facecheck.h"

/* Writes a JPEG of that quality, 1..100, its colours at full size. name is for messages. */
fc_status fc_jpeg_encode(const fc_image *img, int quality, FILE *f, const char *name, fc_error *err);

#endif
