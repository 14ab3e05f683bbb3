/* Pictures as cairo's surfaces. */
#ifndef FC_PLOT_PICTURE_H
#define FC_PLOT_PICTURE_H
#include <cairo.h>

#include "facecheck.h"

/* A copy; to be destroyed with cairo_surface_destroy. Its status tells a lack of memory. */
cairo_surface_t *fc_picture_surface(const fc_image *img);
/* The same at another size, smoothly. */
cairo_surface_t *fc_picture_scaled(const fc_image *img, int width, int height);
/* Puts another picture to the left of img, as high as it is. FC_ELIMIT: that is wider than cairo draws. */
fc_status fc_picture_beside(fc_image *img, const fc_image *left, fc_error *err);
/* The other way round: the pixels of a surface, which was made from img, back into it. */
void fc_picture_read(fc_image *img, cairo_surface_t *s);

#endif
