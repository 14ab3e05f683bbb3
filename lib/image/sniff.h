/* What kind of picture a file is, by its first bytes. */
#ifndef FC_IMAGE_SNIFF_H
#define FC_IMAGE_SNIFF_H
#include "facecheck.h"

typedef enum fc_format {
    FC_FORMAT_UNKNOWN,
    FC_FORMAT_JPEG,
    FC_FORMAT_PNG,
    /* decoded by OpenCV */
    FC_FORMAT_BMP,
    FC_FORMAT_WEBP,
    FC_FORMAT_TIFF,
    FC_FORMAT_PNM,
    FC_FORMAT_JP2,
    /* known by name only */
    FC_FORMAT_PAM,
    FC_FORMAT_GIF,
    FC_FORMAT_HEIC,
    FC_FORMAT_AVIF,
    FC_FORMAT_JXL,
    FC_FORMAT_EXR,
    FC_FORMAT_HDR,
    FC_FORMAT_PFM,
    FC_FORMAT_PSD,
    FC_FORMAT_ICO
} fc_format;

fc_format fc_sniff(const uint8_t *b, size_t n);
const char *fc_format_name(fc_format f); /* "WebP" */

#endif
