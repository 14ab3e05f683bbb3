/* What the files of fc-draw share. */
#ifndef CMD_DRAW_H
#define CMD_DRAW_H
#include "facecheck.h"
#include "plot/sheet.h"

struct contact_args {
    const char *output;
    int people, each;
    fc_image_options decoding;
};

/* fc-draw --sheet: all inputs on one page. *failed: records and faces that are not on it. */
fc_status draw_contact(const struct contact_args *a, char **operands, int n, bool quiet, size_t *failed,
                       fc_error *err);

struct video_args {
    const char *output, *events; /* events NULL: names are those in the records */
    fc_image_options decoding;
    fc_sheet_options marks;
    double scale;
    bool quiet;
};

/* fc-draw -o FILE.mp4: the video whose frames the records are of, from the first of them to the last. *failed: records that are of
 * failures. */
fc_status draw_video(const struct video_args *a, char **operands, int n, size_t *failed, fc_error *err);

#endif
