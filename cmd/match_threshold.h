/* The threshold for a gallery's number of people. */
#ifndef CMD_MATCH_THRESHOLD_H
#define CMD_MATCH_THRESHOLD_H
#include "facecheck.h"

/* What is asked for. */
struct threshold_args {
    double fpir; /* NAN: the gallery's, or FC_DEFAULT_FPIR */
    fc_fuse fuse;
    uint64_t people, photos;
};
/* c: the gallery's calibration; NULL: it has none. Says what was chosen, and why, with note(). */
fc_status match_choose_threshold(fc_threshold *out, const struct threshold_args *args,
                                 const fc_calibration *c, const fc_model_facts *model, fc_error *err);

#endif
