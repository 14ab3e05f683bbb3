#ifndef CMD_JPEG_WRITE_H
#define CMD_JPEG_WRITE_H
#include "facecheck.h"

/* Writes a JPEG of that quality, 1..100: to a temporary name beside path, then renamed. */
fc_status jpeg_write(const fc_image *img, const char *path, int quality, fc_error *err);

#endif
