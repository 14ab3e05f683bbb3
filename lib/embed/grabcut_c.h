/* OpenCV's GrabCut for C: what the module facecheck-grabcut.so exports. No exception and no C++ type leaves it. */
#ifndef FC_EMBED_GRABCUT_C_H
#define FC_EMBED_GRABCUT_C_H
#include "facecheck.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is known of a pixel before: OpenCV's numbers. */
enum { FC_SURE_BACKGROUND, FC_SURE_HEAD, FC_LIKELY_BACKGROUND, FC_LIKELY_HEAD };

typedef struct fc_grabcut_job {
    const uint8_t *rgb;   /* [h][w][3] */
    const uint8_t *known; /* [h][w], at least one of either kind */
    int w, h;
    int x, y;          /* a pixel of the head: what does not hang together with it is none */
    double soft, blur; /* standard deviations in pixels: of the border, and of the background */
    uint8_t *alpha;    /* [h][w]: how much of the head, 0..255 */
    uint8_t *behind;   /* [h][w][3]: the background, blurred, without the head */
} fc_grabcut_job;

/* The symbol "fc_grabcut". */
typedef struct fc_grabcut_api {
    const char *built_for; /* FC_VERSION; of another version nothing else here may be used */
    /* The same for the same pixels, on any thread. On failure why says so. */
    fc_status (*segment)(const fc_grabcut_job *job, char *why, size_t why_size);
} fc_grabcut_api;

#ifdef __cplusplus
}
#endif
#endif
