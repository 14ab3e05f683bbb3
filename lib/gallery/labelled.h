/* A gallery's people and samples, to learn from. */
#ifndef FC_GALLERY_LABELLED_H
#define FC_GALLERY_LABELLED_H
#include "classify/labelled.h"
#include "facecheck.h"

/* Puts all of them into l, as of one moment: begin the gallery before. Samples of one picture of a person are of one photo.
 * FC_EUSAGE where an output of this process is a picture that a sample came from (base/outputs.h). */
fc_status fc_gallery_labelled(fc_gallery *g, fc_labelled *l, fc_error *err);

#endif
