/* YuNet: Wu, Peng, Yu 2023, "YuNet: A Tiny Millisecond-level Face Detector". The ONNX files that OpenCV's model
 * collection has, of March 2022 and of March 2023, run by OpenCV. */
#ifndef FC_DETECT_YUNET_H
#define FC_DETECT_YUNET_H
#include "detect/nms.h"

typedef struct fc_yunet fc_yunet;                 /* the file: immutable, shared */
typedef struct fc_yunet_session fc_yunet_session; /* one per thread */

fc_status fc_yunet_open(fc_yunet **out, const char *path, fc_error *err);
void fc_yunet_free(fc_yunet *y);
fc_status fc_yunet_session_new(fc_yunet_session **out, const fc_yunet *y, fc_error *err);
void fc_yunet_session_free(fc_yunet_session *s);
/* Faces by falling score, in the picture's pixels, with landmarks. Those with a side below min_face are left
 * out. most: candidates to choose from, the best; *cut is set where there are more. */
fc_status fc_yunet_detect(fc_yunet_session *s, const fc_image *img, double min_face, double least_score,
                          size_t most, fc_candidates *faces, bool *cut, fc_error *err);

#endif
