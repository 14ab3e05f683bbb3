/* What is checked of a file before OpenCV sees it: size, length, orientation. */
#ifndef FC_IMAGE_HEADER_H
#define FC_IMAGE_HEADER_H
#include "image/rows.h"
#include "image/sniff.h"

typedef struct fc_header {
    uint64_t w, h;
    int orientation;         /* 1..8 */
    uint64_t orientation_at; /* TIFF: the 16 bits that say so; 0: none do */
    bool premultiplied;      /* TIFF: the colours are, by alpha */
    uint64_t white;          /* PNM: its value */
} fc_header;

/* Refuses what is over the limits, or ends before its pixels can have. */
fc_status fc_header_read(fc_header *out, const fc_source *src, fc_format f, fc_error *err);

#endif
