/* Weights out of TensorFlow Lite files. */
#ifndef FC_MODELS_IMPORT_TFLITE_H
#define FC_MODELS_IMPORT_TFLITE_H
#include "nn/weights.h"

/* MTCNN's networks and MobileFaceNet, known by their tensors' names, get the names and the layout that nets.h
 * states. Of any other file every constant tensor is kept as it is. name is for messages. */
fc_status fc_import_tflite(fc_weights **out, const uint8_t *bytes, size_t n, const char *name, fc_error *err);

#endif
