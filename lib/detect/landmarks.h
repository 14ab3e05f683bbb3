/* Where the landmarks of a face are, whatever its crop will be for. */
#ifndef FC_DETECT_LANDMARKS_H
#define FC_DETECT_LANDMARKS_H

/* In a 112x112 crop: the template of ArcFace and MobileFaceNet. */
extern const double fc_landmarks_112[5][2];
/* In a crop of side 1: of the mean shape of 68 points that dlib's get_face_chip_details has, the means of the eyes' six
 * points, the nose's tip and the corners of the mouth, with padding 0.25. */
extern const double fc_landmarks_dlib[5][2];

#endif
