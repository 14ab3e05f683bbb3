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

/* The symbol "fc_opencv". */
typedef struct fc_opencv_api {
    const char *built_for; /* FC_VERSION; of another version nothing else here may be used */

    /* Decodes a file in memory, as it is: neither turned nor converted. On failure why says so, without the name. */
    fc_status (*decode)(fc_opencv_picture *out, const uint8_t *bytes, size_t n, char *why, size_t why_size);
    void (*clear)(fc_opencv_picture *p);
} fc_opencv_api;

#ifdef __cplusplus
}
#endif
#endif
