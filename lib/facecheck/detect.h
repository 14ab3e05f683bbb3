/* Faces of a picture. */
#ifndef FACECHECK_DETECT_H
#define FACECHECK_DETECT_H

#include "facecheck/image.h"
#include "facecheck/model.h"

FC_BEGIN_DECLS

typedef struct fc_face {
    double box[4]; /* x, y, width, height */
    double score;  /* probability, 0..1 */
    double landmarks[5]
                    [2]; /* left eye, right eye, nose, left and right mouth corner, as seen in the picture */
    bool has_landmarks;
    int turn; /* 0, 90, 180 or 270: degrees clockwise that the picture has to be turned by for the face to be upright.
               * Left and right are as seen then, places those of the picture as it is */
} fc_face;

/* How far the landmarks are from a face's, as the template for 112 x 112 crops has them: the distance that is left when
 * they have been moved onto it as fc_align does, root mean square, in pixels of the crop. NAN where there are none, or
 * all are one point. */
double fc_face_misfit(const fc_face *f);
/* What a face does not have that lies on its side, or is none. Of LFW's 3,811 photos, 99.7 % have a face with MTCNN's
 * score and this fit; of 636 of them turned by 90, 180 and 270 degrees, 2.4 %, 4.4 % and 0.5 %
 * (tests/lfw/lfw-turns.sh). For YuNet the score is what OpenCV's own detector takes for a face; for
 * others nobody measured it here, and it is fc_detect's default. */
#define FC_GOOD_MISFIT       9.0
#define FC_GOOD_SCORE_MTCNN  0.99
#define FC_GOOD_SCORE_YUNET  0.9
#define FC_GOOD_SCORE_OTHERS 0.7

typedef struct fc_faces {
    fc_face *face; /* [n], owned */
    size_t n, cap;
    bool cut; /* there may be more: the picture is a crowd, and these are the best by score */
} fc_faces;
void fc_faces_clear(fc_faces *f);

/* Which faces of a picture count. ONE: exactly one, else it is an error of the caller's. */
typedef enum fc_face_choice {
    FC_FACES_ALL = 0,
    FC_FACES_LARGEST,
    FC_FACES_BEST,
    FC_FACES_CENTER,
    FC_FACES_ONE
} fc_face_choice;

typedef struct fc_detect_options {
    double min_face;      /* pixels of the picture given; >= 12 */
    double thresholds[3]; /* P-, R-, O-Net */
    double factor;        /* pyramid scale step, 0 < factor < 1 */
    int max_faces;        /* of a picture, the best by score; 0: FC_DEFAULT_MAX_FACES */
    bool
        turns; /* where no face is a good one, look for such in the picture turned by 90, 180 and 270 degrees */
} fc_detect_options;
#define FC_DEFAULT_MAX_FACES 1000
#define FC_MAX_FACES         20000 /* the largest max_faces */
#define FC_DETECT_DEFAULTS   ((fc_detect_options){20.0, {0.6, 0.7, 0.7}, 0.709, 0, false})

/* MTCNN (Zhang et al. 2016, "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional
 * Networks"), with the arithmetic of facenet-pytorch 2.6. */
typedef struct fc_detector fc_detector;
typedef struct fc_detect_session fc_detect_session;
fc_status fc_detector_new(fc_detector **out, const fc_models *m, const fc_engine_options *opt, fc_error *err);
/* Another detector, from an ONNX file of the user's own, which OpenCV runs. kind "yunet": YuNet (Wu, Peng, Yu 2023); "scrfd":
 * SCRFD (Guo et al. 2021) with landmarks; "yolo-face": YOLOv5-face, or YOLOv8-face and later ones as Ultralytics exports them. Of
 * fc_detect's options, min_face and the last threshold count. */
fc_status fc_detector_open(fc_detector **out, const char *kind, const char *path, fc_error *err);
void fc_detector_free(fc_detector *d);
/* The i-th detector's name; NULL behind the last. */
const char *fc_detector_name(size_t i);
/* Of the i-th: whether it is opened from a file, and the score from which on a face is certainly one. */
bool fc_detector_from_file(size_t i);
double fc_detector_good_score(size_t i);
/* What runs a network of the detector: "P-Net", or "P-Net, coarse", which looks at everything in bfloat16 first. Returns
 * how many it has, the first most of them in out. */
typedef struct fc_network_facts {
    const char *network;
    fc_engine_facts engine;
} fc_network_facts;
#define FC_MAX_NETWORKS 8
size_t fc_detector_facts(const fc_detector *d, fc_network_facts *out, size_t most);
fc_status fc_detect_session_new(fc_detect_session **out, const fc_detector *d, fc_error *err);
void fc_detect_session_free(fc_detect_session *s);

typedef struct fc_detect_ms {
    double pnet, rnet, onet; /* milliseconds of the last call, picture pyramid and crops included; MTCNN's */
} fc_detect_ms;

/* Faces by falling score. Boxes and landmarks are in full_w x full_h coordinates, rounded to 1/1000 pixel, scores
 * to 1e-6, so that their decimal form is exact. Time and memory are bounded by the picture's size and max_faces, however
 * many there are. opt may be NULL. faces is cleared first. */
fc_status fc_detect(fc_detect_session *s, const fc_image *img, const fc_detect_options *opt, fc_faces *faces,
                    fc_error *err);
fc_detect_ms fc_detect_last_ms(const fc_detect_session *s);
/* Keeps the chosen faces of a w x h picture; FC_FACES_ONE keeps all (the caller counts). */
void fc_faces_choose(fc_faces *faces, fc_face_choice choice, int w, int h);

FC_END_DECLS
#endif
