/* What kind of picture a file is: one table, which the decoder, folders and the manual go by. */
#ifndef FC_IMAGE_SNIFF_H
#define FC_IMAGE_SNIFF_H
#include "facecheck.h"

typedef enum fc_format {
    FC_FORMAT_UNKNOWN,
    FC_FORMAT_JPEG,
    FC_FORMAT_PNG,
    FC_FORMAT_BMP,
    FC_FORMAT_WEBP,
    FC_FORMAT_TIFF,
    FC_FORMAT_PNM,
    FC_FORMAT_JP2,
    FC_FORMAT_GIF,
    FC_FORMAT_HEIC,
    FC_FORMAT_AVIF,
    FC_FORMAT_JXL,
    FC_FORMAT_JXR,
    FC_FORMAT_EXR,
    FC_FORMAT_HDR,
    FC_FORMAT_PFM,
    FC_FORMAT_PAM,
    FC_FORMAT_PSD,
    FC_FORMAT_ICO,
    FC_FORMAT_RAW,
    FC_FORMAT_SVG,
    FC_FORMAT_VIDEO,
    FC_FORMAT_PDF,
    FC_FORMAT_HTML,
    FC_FORMAT_JSON,
    FC_FORMAT_UTF16,
    FC_FORMATS
} fc_format;

typedef enum fc_use {
    FC_USE_TAKEN,   /* decoded, and taken from folders */
    FC_USE_REFUSED, /* an error that names the format, in folders too */
    FC_USE_IGNORED  /* passed over in folders; an error as an operand */
} fc_use;

typedef enum fc_decoder {
    FC_DECODER_NONE,
    FC_DECODER_JPEG,
    FC_DECODER_PNG,
    FC_DECODER_BMP,
    FC_DECODER_FORMATS, /* modules with libraries for the format */
    FC_DECODER_OPENCV
} fc_decoder;

typedef struct fc_kind {
    const char *name;       /* "WebP"; "an HTML page" for what is not a picture */
    const char *extensions; /* in lower case, with blanks between them */
    fc_use use;
    fc_decoder decoder;
    bool is_picture;
} fc_kind;
const fc_kind *fc_kind_of(fc_format f); /* of FC_FORMAT_UNKNOWN: without extensions, ignored */

enum { FC_SNIFF_BYTES = 400 }; /* so many tell as much as all of a file */
fc_format fc_sniff(const uint8_t *b, size_t n);
const char *fc_format_name(fc_format f); /* "WebP" */
/* By the ending of the name, in any case; FC_FORMAT_UNKNOWN: by none that is in the table. */
fc_format fc_format_of_name(const char *name);
/* Whether a file of this name is taken from a folder, to be decoded or refused. */
bool fc_is_picture_name(const char *name);

#endif
