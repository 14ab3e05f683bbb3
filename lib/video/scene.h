/* Whether a picture differs from the one before. */
#ifndef FC_VIDEO_SCENE_H
#define FC_VIDEO_SCENE_H
#include "facecheck.h"

enum { FC_SCENE_CELLS = 16 };
typedef struct fc_scene {
    bool any;
    double cell[FC_SCENE_CELLS * FC_SCENE_CELLS]
               [3]; /* means of each colour, 0..255, in the picture taken last */
} fc_scene;

/* Whether the mean difference of the cells' colours, from 0 to 255, is at least threshold, or this is the first picture; it is the one
 * to compare with then. */
bool fc_scene_changed(fc_scene *s, const fc_image *img, double threshold);

#endif
