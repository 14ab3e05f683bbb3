/* OpenCV's dnn for C: what the module facecheck-dnn.so exports. No exception and no C++ type leaves it, and it
 * writes nothing to stderr. */
#ifndef FC_NN_OPENCV_DNN_C_H
#define FC_NN_OPENCV_DNN_C_H
#include "facecheck.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fc_dnn_net fc_dnn_net;     /* weights and scratch, of one thread */
typedef struct fc_dnn_yunet fc_dnn_yunet; /* so is this */

/* x, y, width, height of the box; x, y of right eye, left eye, nose, right and left mouth corner, right and left
 * being the person's; score */
typedef float fc_dnn_face[15];

/* The symbol "fc_dnn". */
typedef struct fc_dnn_api {
    const char *built_for; /* FC_VERSION; of another version nothing else here may be used */
    const char *opencv;    /* "4.6.0" */

    /* An ONNX network for input [1][c][h][w] with one output of n or 1 x n numbers; a trial run tells dim. name is
     * for messages. */
    fc_status (*net_new)(fc_dnn_net **out, int *dim, const void *bytes, size_t n, const char *name,
                         const int chw[3], fc_error *err);
    void (*net_free)(fc_dnn_net *n);
    /* *output: dim numbers, valid until the next run. */
    fc_status (*run)(fc_dnn_net *n, const float *input, const float **output, fc_error *err);

    /* YuNet's ONNX file, as cv::FaceDetectorYN runs it; tried out on an empty picture. */
    fc_status (*yunet_new)(fc_dnn_yunet **out, const char *path, fc_error *err);
    void (*yunet_free)(fc_dnn_yunet *y);
    /* *face: [*n] by falling score, valid until the next call; pixels of the w x h picture. */
    fc_status (*yunet_detect)(fc_dnn_yunet *y, const uint8_t *rgb, size_t stride, int w, int h,
                              double least_score, const fc_dnn_face **face, size_t *n, fc_error *err);
} fc_dnn_api;

#ifdef __cplusplus
}
#endif
#endif
