/* The module facecheck-dnn.so. */
#ifndef FC_ENGINES_OPENCV_DNN_H
#define FC_ENGINES_OPENCV_DNN_H
#include "engines/opencv_dnn_c.h"

/* Opened on first use, once for all threads. */
fc_status fc_dnn_open(const fc_dnn_api **out, fc_error *err);

#endif
