/* Rows as a codec gives them, on their way into an fc_image: to RGB, reduced, turned upright. */
#ifndef FC_IMAGE_ROWS_H
#define FC_IMAGE_ROWS_H
#include "facecheck.h"
#include "image/reduce.h"
#include "image/rgb.h"

/* Memory of the budget that a picture has, and what it turned out to take in all. */
typedef struct fc_claim {
    uint64_t held, wanted;
} fc_claim;

/* What is known of a picture before its first row. */
typedef struct fc_source {
    const char *name;
    const uint8_t *bytes;
    size_t n;
    const fc_image_options *opt; /* defaults filled in */
    fc_claim *claim;
    double began; /* fc_now */
} fc_source;

typedef struct fc_rows {
    fc_image *img;
    fc_layout layout;
    int w, h;        /* of the rows to come */
    int done;        /* rows of the picture placed so far, before it is turned */
    uint8_t *origin; /* where pixel 0, 0 of the rows goes */
    ptrdiff_t step_x, step_y;
    fc_reduce *reduce; /* NULL: the size is kept */
    int to_w, to_h;    /* before turning */
    uint8_t *raw;      /* one row as it comes, where it cannot be put in place at once */
    uint8_t *rgb;      /* one row of RGB */
    uint8_t *small;    /* rows of RGB that wait to be turned */
    int waiting;
} fc_rows;

/* Refuses pictures over the limit of pixels, and sizes of 0. */
fc_status fc_source_check_size(const fc_source *src, uint64_t w, uint64_t h, fc_error *err);

/* Refuses a picture that has taken longer than it may, between two of its rows or at its end. */
fc_status fc_source_check_time(const fc_source *src, fc_error *err);

/* Before the decoder is started: it and the picture take so many bytes at their most. FC_END: the budget has not so
 * much to spare now; the caller of the codec gives back what is held and comes again. */
fc_status fc_source_claim(const fc_source *src, uint64_t decoder, uint64_t picture, fc_error *err);
/* Bytes of what fc_rows_begin makes of w x h pixels of a full_w x full_h picture. */
uint64_t fc_rows_bytes(const fc_source *src, uint64_t w, uint64_t h, uint64_t full_w, uint64_t full_h);

/* The rows to come are a w x h picture at eighths/8 of full_w x full_h. Allocates the image. orientation is
 * EXIF's, 1..8. */
fc_status fc_rows_begin(fc_rows *r, fc_image *img, const fc_source *src, int w, int h, int full_w, int full_h,
                        int eighths, fc_layout layout, int orientation, fc_error *err);
/* Where the next row may be written before it is put. */
uint8_t *fc_rows_next(fc_rows *r);
/* row: what fc_rows_next gave, or any other row of the layout. */
void fc_rows_put(fc_rows *r, const uint8_t *row);
/* The rows that are still to come are not there: makes them grey. */
void fc_rows_fill(fc_rows *r);
enum { FC_MISSING = 0x80 }; /* each byte of what is made up */
/* After the last row, or to give up; {0} is fine. The image stays with its owner. */
void fc_rows_end(fc_rows *r);

#endif
