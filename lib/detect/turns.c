/* Pictures on their side. */
#include <math.h>

#include "detect/detector.h"
#include "image/image.h"

double fc_detect_merit(const fc_detect_session *s, const fc_faces *f)
{
    const double good = s->kind->good_score;

    for (size_t i = 0; i < f->n && f->face[i].score >= good; i++)
        if (fc_face_misfit(&f->face[i]) <= FC_GOOD_MISFIT)
            return f->face[i].score;
    return 0;
}

/* A place in the picture turned clockwise, in the w x h picture as it is. */
static void turn_back(double p[2], int turn, int w, int h)
{
    const double x = p[0], y = p[1];

    p[0] = fc_detect_rounded(turn == 90 ? y : turn == 180 ? w - 1 - x : w - 1 - y, 1e3);
    p[1] = fc_detect_rounded(turn == 90 ? h - 1 - x : turn == 180 ? h - 1 - y : x, 1e3);
}

static void turn_face_back(fc_face *f, int turn, int w, int h)
{
    double a[2] = {f->box[0], f->box[1]}, b[2] = {f->box[0] + f->box[2], f->box[1] + f->box[3]};

    turn_back(a, turn, w, h);
    turn_back(b, turn, w, h);
    f->box[0] = fmin(a[0], b[0]);
    f->box[1] = fmin(a[1], b[1]);
    if (turn != 180) {
        const double side = f->box[2];
        f->box[2] = f->box[3];
        f->box[3] = side;
    }
    for (int i = 0; i < 5; i++)
        turn_back(f->landmarks[i], turn, w, h);
    f->turn = turn;
}

fc_status fc_detect_turns(fc_detect_session *s, const fc_image *img, const fc_detect_options *o,
                          fc_faces *faces, fc_error *err)
{
    fc_image turned = {0};
    fc_faces found = {0};
    double best = 0;
    int best_turn = 0;
    fc_status st = FC_OK;

    for (int turn = 90; !st && turn <= 270; turn += 90) {
        st = fc_image_turn(&turned, img, turn, err);
        if (!st)
            st = fc_detect_once(s, &turned, o, &found, err);
        const double merit = st ? 0 : fc_detect_merit(s, &found);
        if (merit > best) {
            const fc_faces other = *faces;
            *faces = found;
            found = other;
            best = merit;
            best_turn = turn;
        }
    }
    for (size_t i = 0; !st && best_turn && i < faces->n; i++)
        turn_face_back(&faces->face[i], best_turn, img->full_w, img->full_h);
    fc_image_clear(&turned);
    fc_faces_clear(&found);
    return st;
}
