/* Detectors that are ONNX files of the user's own: what YuNet, SCRFD and YOLO-face share. */
#ifndef FC_DETECT_ONNX_DETECTOR_H
#define FC_DETECT_ONNX_DETECTOR_H
#include "base/bytes.h"
#include "detect/area.h"
#include "detect/detector.h"
#include "engines/opencv_dnn.h"

enum { FC_ONNX_OUTPUTS = 15 };

typedef struct fc_onnx_session fc_onnx_session;

/* What one of them makes of its input and its outputs. */
typedef struct fc_onnx_layout {
    const char *network; /* "YuNet" */
    const char *article; /* "a YuNet" */
    bool bgr;            /* planes of blue, green and red; else of red, green and blue */
    double scale, shift; /* a value of 0..255 becomes value * scale + shift */
    double border;       /* such a value: what lies right of the picture and below */
    int multiple;        /* of the sides of the network's input, where it takes any */
    double overlap;      /* of boxes that are one face */
    /* Whether the network's outputs are those. Sets s->variant, which is the layout's. */
    fc_status (*recognise)(fc_onnx_session *s, fc_error *err);
    /* Runs s->net on s->input, and adds the faces with fc_onnx_add. */
    fc_status (*read)(fc_onnx_session *s, fc_error *err);
} fc_onnx_layout;

typedef struct fc_onnx_detector {
    fc_detector base;
    const fc_onnx_layout *layout;
    fc_bytes file;
    char *name; /* the path, for messages */
    int side;   /* of the only input that the network takes; 0: it takes any multiple */
} fc_onnx_detector;

struct fc_onnx_session {
    fc_detect_session base;
    const fc_onnx_detector *d;
    const fc_dnn_api *api;
    fc_dnn_net *net;
    int variant;
    float *input; /* [3][h][w] */
    size_t room;  /* elements */
    fc_area area;
    int w, h;        /* the input's */
    float step[2];   /* pixels of the picture from one of the input to the next, across and down */
    double min_face; /* pixels of the picture */
    double least_score;
};

/* The row of the table's functions; kind is the row itself. */
fc_status fc_onnx_detector_open(fc_detector **out, const fc_detector_source *from,
                                const fc_detector_kind *kind, const fc_onnx_layout *layout, fc_error *err);
void fc_onnx_detector_free(fc_detector *d);
fc_status fc_onnx_session_new(fc_detect_session **out, const fc_detector *d, fc_error *err);
void fc_onnx_session_free(fc_detect_session *s);
/* Of the options, min_face and the last threshold count. */
fc_status fc_onnx_detect(fc_detect_session *s, const fc_image *img, const fc_detect_options *o, size_t most,
                         fc_error *err);
size_t fc_onnx_detector_facts(const fc_detector *d, fc_network_facts *out, size_t most);

/* Runs the network; outputs as its api has them. */
fc_status fc_onnx_run(fc_onnx_session *s, const char *const *outputs, size_t n, fc_dnn_array *out,
                      fc_error *err);
/* That the network is not of this layout, and why. */
fc_status fc_onnx_unlike(const fc_onnx_session *s, fc_error *err, const char *why, ...)
    __attribute__((format(printf, 3, 4)));
/* A box from corner to corner, and landmarks x, y: eyes, nose, corners of the mouth, each pair from the left of the picture
 * to the right. All in the input's pixels. Passed over where it is too small or not finite. */
fc_status fc_onnx_add(fc_onnx_session *s, double score, const float box[4], const float landmarks[10],
                      fc_error *err);
/* Of a score's factors, which are to be 0..1. */
double fc_onnx_unit(float v);

#endif
