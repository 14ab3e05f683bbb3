/* OpenCV for C: what the module facecheck-opencv.so exports. No exception and no C++ type leaves it, and it
 * writes nothing to stderr. */
#ifndef FC_IMAGE_OPENCV_C_H
#define FC_IMAGE_OPENCV_C_H
#include "image/rgb.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fc_opencv_picture {
    void *mat; /* owned */
    int w, h;
    fc_layout layout;
    const uint8_t *data; /* inside mat */
    size_t stride;
} fc_opencv_picture;

/* Decodes a file in memory, as it is: neither turned nor converted. On failure why says so, without the name.
 */
fc_status fc_opencv_picture_decode(fc_opencv_picture *out, const uint8_t *bytes, size_t n, char *why,
                                   size_t why_size);
void fc_opencv_picture_clear(fc_opencv_picture *p);

typedef fc_status fc_opencv_picture_decode_fn(fc_opencv_picture *, const uint8_t *, size_t, char *, size_t);
typedef void fc_opencv_picture_clear_fn(fc_opencv_picture *);

#ifdef __cplusplus
}
#endif
#endif
