/* The orientation in a block of EXIF. */
#ifndef FC_IMAGE_EXIF_H
#define FC_IMAGE_EXIF_H
#include "facecheck.h"

/* With or without the "Exif\0\0" in front. 1..8; 1 (upright) where none is stated, or the block is malformed.
 */
int fc_exif_orientation(const uint8_t *data, size_t n);

#endif
