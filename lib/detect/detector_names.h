/* The detectors' names, spelled here and nowhere else; detect.c has the table of the detectors, in the same order. */
#ifndef FC_DETECT_DETECTOR_NAMES_H
#define FC_DETECT_DETECTOR_NAMES_H
#include "base/names.h"

#define FC_DETECTOR_MTCNN     "mtcnn"
#define FC_DETECTOR_YUNET     "yunet"
#define FC_DETECTOR_SCRFD     "scrfd"
#define FC_DETECTOR_YOLO_FACE "yolo-face"

#define FC_DETECTORS(FIRST, X, LAST)                                                                         \
    FIRST(FC_FIND_MTCNN, FC_DETECTOR_MTCNN)                                                                  \
    FC_DETECTORS_OF_FILES(X, X, LAST)
/* Those that are read from a file of the user's own. */
#define FC_DETECTORS_OF_FILES(FIRST, X, LAST)                                                                \
    FIRST(FC_FIND_YUNET, FC_DETECTOR_YUNET)                                                                  \
    X(FC_FIND_SCRFD, FC_DETECTOR_SCRFD)                                                                      \
    LAST(FC_FIND_YOLO_FACE, FC_DETECTOR_YOLO_FACE)

#endif
