/* Which faces of which pictures. */
#ifndef CMD_FACE_OPTIONS_H
#define CMD_FACE_OPTIONS_H
#include "options.h"
#include "facecheck.h"

extern const option detect_options[]; /* of fc_face_options */
#define ROW_MAX_SIDE(at_, more_)                                                                             \
    {                                                                                                        \
        "max-side", .kind = OPTION_INT, .arg = "PIXELS", .at = (at_), .min = 12, .max = 100000,              \
                    .help = "reduce pictures until no side is longer" more_ " (full size)"                   \
    }
extern const char *const detector_names[];
/* The same in a table of the tool's own, where --faces has another default. faces: its help */
enum { DETECT_OPTIONS = 14 };
void detect_options_copy(option to[DETECT_OPTIONS], const char *faces);

#endif
