/* Where the landmarks of a face are, whatever its crop will be for. */
#ifndef FC_DETECT_LANDMARKS_H
#define FC_DETECT_LANDMARKS_H

/* In a 112x112 crop: the template of ArcFace and MobileFaceNet. */
extern const double fc_landmarks_112[5][2];

#endif
