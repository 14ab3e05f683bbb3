/* The one table of what becomes what: rows of any layout to 8-bit RGB. */
#ifndef FC_IMAGE_RGB_H
#define FC_IMAGE_RGB_H
#include "facecheck.h"

typedef enum fc_channels {
    FC_GREY,
    FC_GREY_ALPHA,
    FC_RGB,
    FC_RGB_ALPHA,
    FC_BGR,
    FC_BGR_ALPHA,
    FC_CMYK,         /* 0: no ink */
    FC_CMYK_INVERTED /* 255: no ink; what Adobe's programs write */
} fc_channels;

typedef struct fc_layout {
    fc_channels channels;
    int depth;          /* bits of a sample: 8, or 16 in the machine's byte order; 8 for CMYK */
    bool premultiplied; /* the colours are already multiplied by alpha */
} fc_layout;

size_t fc_layout_pixel(fc_layout l); /* bytes */
/* Alpha is not premultiplied; the picture is laid over white. 16-bit samples are rounded to the nearest 8-bit
 * one. from must be aligned for its samples. */
void fc_row_to_rgb(uint8_t *to, const void *from, size_t w, fc_layout l);

#endif
