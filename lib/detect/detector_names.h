/* The detectors' names, spelled here and nowhere else; detect.c has the table of the detectors, in the same order. */
#ifndef FC_DETECT_DETECTOR_NAMES_H
#define FC_DETECT_DETECTOR_NAMES_H

#define FC_DETECTOR_MTCNN "mtcnn"
#define FC_DETECTOR_YUNET "yunet"

#define FC_DETECTOR_CHOICES FC_DETECTOR_MTCNN, FC_DETECTOR_YUNET

#endif
