/* Raw pictures of cameras that are TIFF by their first bytes. */
#ifndef FC_IMAGE_RAW_TIFF_H
#define FC_IMAGE_RAW_TIFF_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a TIFF file's first directory is that of a camera's raw picture: DNG by its version tag (DNG 1.4, page 24),
 * a mosaic or a camera's own compression for pixels, or, as in NEF, ARW and SRW, a preview by the camera's maker in front
 * of the picture itself, in a directory below. What libtiff would give of those is the preview. */
bool fc_is_raw_tiff(const uint8_t *b, size_t n);

#endif
