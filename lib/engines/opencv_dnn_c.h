/* OpenCV's dnn for C: what the module facecheck-dnn.so exports. No exception and no C++ type leaves it, and it
 * writes nothing to stderr. */
#ifndef FC_ENGINES_OPENCV_DNN_C_H
#define FC_ENGINES_OPENCV_DNN_C_H
#include "facecheck.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fc_dnn_net fc_dnn_net; /* weights and scratch, of one thread */

/* What a network gave, valid until its next run. */
typedef struct fc_dnn_array {
    const float *data;
    size_t n;
    size_t last; /* its last dimension; 0: it has none */
    bool is_row; /* all but one of its dimensions are 1 */
} fc_dnn_array;

/* The symbol "fc_dnn". */
typedef struct fc_dnn_api {
    const char *built_for; /* FC_VERSION; of another version nothing else here may be used */
    const char *opencv;    /* "4.6.0" */

    /* An ONNX file in memory; name is for messages. */
    fc_status (*net_new)(fc_dnn_net **out, const void *bytes, size_t n, const char *name, fc_error *err);
    void (*net_free)(fc_dnn_net *n);
    /* The number of outputs, and whether there is one of that name. */
    size_t (*outputs)(const fc_dnn_net *n);
    bool (*has_output)(const fc_dnn_net *n, const char *output);
    /* input: [1][c][h][w], of any size that the network takes. outputs: names, [n]; NULL for the only one. */
    fc_status (*run)(fc_dnn_net *net, const float *input, const int chw[3], const char *const *outputs,
                     size_t n, fc_dnn_array *result, fc_error *err);
} fc_dnn_api;

#ifdef __cplusplus
}
#endif
#endif
