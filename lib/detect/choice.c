/* Which faces of a picture count. */
#include <stdlib.h>

#include "facecheck.h"

void fc_faces_clear(fc_faces *f)
{
    free(f->face);
    *f = (fc_faces){0};
}

/* Larger is better. */
static double merit(const fc_face *f, fc_face_choice choice, int w, int h)
{
    double dx = f->box[0] + f->box[2] / 2 - w / 2.0, dy = f->box[1] + f->box[3] / 2 - h / 2.0;
    switch (choice) {
    case FC_FACES_LARGEST:
        return f->box[2] * f->box[3];
    case FC_FACES_CENTER:
        return -(dx * dx + dy * dy);
    default:
        return f->score;
    }
}

void fc_faces_choose(fc_faces *faces, fc_face_choice choice, int w, int h)
{
    size_t best = 0;

    if (choice == FC_FACES_ALL || choice == FC_FACES_ONE || faces->n < 2)
        return;
    for (size_t i = 1; i < faces->n; i++)
        if (merit(&faces->face[i], choice, w, h) > merit(&faces->face[best], choice, w, h))
            best = i;
    faces->face[0] = faces->face[best];
    faces->n = 1;
}
