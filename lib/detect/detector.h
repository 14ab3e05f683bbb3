/*
 * What a detector gives to detect.c: a row of its table. A new detector is a file with such a row, and a line in the
 * table.
 */
#ifndef FC_DETECT_DETECTOR_H
#define FC_DETECT_DETECTOR_H
#include "detect/nms.h"
#include "detect/profile.h"
#include "models/registry.h"

/* Where a detector is opened from. */
typedef struct fc_detector_source {
    const fc_models *models;      /* its networks by name, unless it is in a file of the user's own */
    const fc_engine_options *opt; /* may be NULL */
    const char *path;             /* such a file */
} fc_detector_source;

typedef struct fc_detector_kind {
    const char *name;
    bool from_file;    /* fc_detector_open opens it; else fc_detector_new */
    double good_score; /* of a face that is certainly one */
    fc_status (*open)(fc_detector **out, const fc_detector_source *from, fc_error *err);
    void (*free)(fc_detector *d);
    fc_status (*session_new)(fc_detect_session **out, const fc_detector *d, fc_error *err);
    void (*session_free)(fc_detect_session *s);
    /* Candidates of the picture into s->boxes, which is empty before, with landmarks, in the picture's pixels, by falling
     * score; s->cut is set where there were more than can be looked at for so many faces. */
    fc_status (*detect)(fc_detect_session *s, const fc_image *img, const fc_detect_options *o, size_t faces,
                        fc_error *err);
    /* Its networks: how many there are, the first most of them in out. */
    size_t (*facts)(const fc_detector *d, fc_network_facts *out, size_t most);
} fc_detector_kind;

/* The first member of every detector and session. */
struct fc_detector {
    const fc_detector_kind *kind;
};

struct fc_detect_session {
    const fc_detector_kind *kind;
    fc_proposals boxes;
    fc_nms_scratch nms;
    fc_detect_ms ms;
    bool cut;
    fc_detect_profile *profile; /* NULL: nothing is measured but ms */
};

extern const fc_detector_kind fc_detector_mtcnn, fc_detector_yunet, fc_detector_scrfd, fc_detector_yolo_face;

/* How many candidates a last stage looks at, for each face that is wanted: see mtcnn.c. */
#define FC_DETECT_SURVIVORS 20

/* v rounded to multiples of 1 / unit, so that its decimal form reads back exactly. */
double fc_detect_rounded(double v, double unit);

/* The faces of img into faces, and the turns that look for better ones; see turns.c. */
fc_status fc_detect_once(fc_detect_session *s, const fc_image *img, const fc_detect_options *o,
                         fc_faces *faces, fc_error *err);
/* Whether one of the faces is surely one: the score of the best such, else 0. */
double fc_detect_merit(const fc_detect_session *s, const fc_faces *f);
/* The faces of the turn with the best face, where that is a good one; else faces stays as it is. */
fc_status fc_detect_turns(fc_detect_session *s, const fc_image *img, const fc_detect_options *o,
                          fc_faces *faces, fc_error *err);

#endif
