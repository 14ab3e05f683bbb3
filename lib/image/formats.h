/* Formats by their own libraries: what the modules facecheck-formats.so (TIFF, WebP, JPEG 2000) and facecheck-heif.so
 * export. */
#ifndef FC_IMAGE_FORMATS_H
#define FC_IMAGE_FORMATS_H
#include "image/rgb.h"

/* What a file says of its picture, as the library that will decode it reads it. */
typedef struct fc_picture_facts {
    uint64_t w, h;
    uint64_t tile_w, tile_h; /* of the largest piece that is decoded at once; 1 where that is a row */
    uint64_t decoder;        /* bytes that decoding takes besides the picture that becomes of it */
    fc_layout layout;
    int orientation; /* EXIF's, 1..8 */
    int frames;      /* the file holds so many pictures, of which this is the first */
} fc_picture_facts;

/* What takes the picture. */
typedef struct fc_picture_sink {
    /* Before anything is allocated that grows with the picture; a failure ends the decoding, and is returned. */
    fc_status (*begin)(void *ctx, const fc_picture_facts *facts);
    /* The next row. */
    void (*row)(void *ctx, const void *row);
    void *ctx;
} fc_picture_sink;

/* Decodes a file in memory. why: what is wrong with it, without its name; untouched where begin failed. */
typedef fc_status fc_picture_decode_fn(const uint8_t *bytes, size_t n, const fc_picture_sink *sink, char *why,
                                       size_t why_size);

typedef struct fc_formats_api {
    const char *version; /* FC_VERSION */
    fc_picture_decode_fn *tiff, *webp, *jp2;
} fc_formats_api;

typedef struct fc_heif_api {
    const char *version; /* FC_VERSION */
    fc_picture_decode_fn *decode;
} fc_heif_api;

fc_picture_decode_fn fc_tiff_decode, fc_webp_decode, fc_jp2_decode, fc_heif_decode; /* inside the modules */

#endif
