/* How good the photo of a face is. */
#ifndef FACECHECK_QUALITY_H
#define FACECHECK_QUALITY_H

#include "facecheck/embed.h"

FC_BEGIN_DECLS

/*
 * Measures in the manner of ISO/IEC 29794-5 and of OFIQ, its reference implementation, as far as five landmarks and an
 * aligned crop allow; they are not those of the standard, which wants a mesh of landmarks and a segmented face.
 *
 * From the landmarks, in pixels of the picture. e is the vector from the left to the right eye, as seen in the picture, c the
 * middle between them, u = e / |e|, and v is u turned by 90 degrees clockwise, down an upright face; n is the nose, b
 * the middle of the mouth's corners:
 *   eye_distance  |e|
 *   roll          atan2(e.y, e.x), degrees: positive where the head is turned clockwise
 *   yaw           atan(((n - c) . u / |e|) / 0.55), degrees: positive where the nose points to the picture's right. The nose's
 *                 tip is 0.55 eye distances before the line through the eyes, or so; it is an approximation, and flattens
 *                 beyond 45
 *   pitch_ratio   ((n - c) . v) / ((b - c) . v), held to -100..100: about 0.5 of a face that looks into the camera, less where
 *                 it looks up
 * From the crop of 112 x 112 pixels, five-point aligned. Only pixels of it that are in the picture count:
 *   inside        their share
 *   sharpness     variance of the Laplacian -4 1 1 1 1 (Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield
 *                 microscopy", LAPV) over Y' = 0.2126 R + 0.7152 G + 0.0722 B, 0..255, where all five are in the oval
 * and, within an oval around the face (centre 55.5, 62, half axes 39 and 50), with the luminance of ISO/IEC 29794-5: R, G, B
 * made linear (IEC 61966-2-1), weighted as above, rounded to 0..255; h is its histogram, of sum 1:
 *   luminance      mean / 255
 *   overexposed    share of 247 and above
 *   underexposed   share of 25 and below
 *   dynamic_range  -sum h log2 h, the entropy in bits, 0..8
 *   uniformity     sum of min(left, right) over histograms of 32 bins of the oval's two halves, 0..1: 1 where both are lit
 *                  alike; 0 where one half is not in the picture
 */
typedef struct fc_quality {
    double eye_distance, yaw, roll, pitch_ratio;
    double sharpness;
    double luminance, overexposed, underexposed, dynamic_range, uniformity;
    double inside;
} fc_quality;

/* Of the crop that it is measured on. */
#define FC_QUALITY_ALIGNMENT ((fc_alignment){.mode = FC_ALIGN_FIVE_POINT, .size = 112})

/* crop: fc_align's with FC_QUALITY_ALIGNMENT, of the face in a picture of w x h pixels (its full_w, full_h). FC_EUSAGE: no
 * landmarks, or such as no face has (not finite, eyes in one place, eyes and mouth on one line), or none of the face is in
 * the picture. */
fc_status fc_quality_measure(fc_quality *out, const fc_image *crop, const fc_face *face, int w, int h,
                             fc_error *err);

/* Limits of some measures. A photo keeps one where it is as good or better: more, but of overexposed and underexposed less, and
 * of yaw, roll and pitch_ratio no further from 0, 0 and 0.54 than the limit is. */
typedef struct fc_quality_limits {
    fc_quality limit;
    unsigned set; /* bit i: the i-th number of limit counts */
} fc_quality_limits;
/* "eye_distance=30,yaw=35". FC_EUSAGE says what is wrong with it. */
fc_status fc_quality_limits_parse(fc_quality_limits *out, const char *text, fc_error *err);
/* false: why [size] says which limit it does not keep. */
bool fc_quality_keeps(const fc_quality *q, const fc_quality_limits *l, char *why, size_t size);
/* What a photo to be enrolled should keep. Of LFW's, 5 % have less sharpness, 1 % smaller faces. */
#define FC_QUALITY_USUAL "eye_distance=30,yaw=35,sharpness=54,overexposed=0.15,inside=0.9"

FC_END_DECLS
#endif
