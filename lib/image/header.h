/* What is checked of a file before a library sees it: size, length, orientation. A first look only: what a library
 * finds itself is checked again before it allocates, where it lets us. */
#ifndef FC_IMAGE_HEADER_H
#define FC_IMAGE_HEADER_H
#include "image/rows.h"
#include "image/sniff.h"

typedef struct fc_header {
    uint64_t w, h;
    int orientation;     /* WebP: 1..8 */
    uint64_t white;      /* PNM: its value */
    uint64_t components; /* JPEG 2000: those of the code stream, or of its palette, if that has more */
    uint64_t tiles;      /* JPEG 2000 */
    uint64_t tile;       /* JPEG 2000: pixels of the largest */
} fc_header;

/* Refuses what is over the limits, or ends before its pixels can have. */
fc_status fc_header_read(fc_header *out, const fc_source *src, fc_format f, fc_error *err);

#endif
