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
#define ROW_MAX_BYTES(at_)                                                                                   \
    {                                                                                                        \
        "max-bytes", .kind = OPTION_COUNT, .arg = "N", .at = (at_), .min = 1, .max = 1e10,                   \
                     .help = "refuse larger files before they are read (536870912)"                          \
    }
#define ROW_MAX_PIXELS(at_, default_)                                                                        \
    {                                                                                                        \
        "max-pixels", .kind = OPTION_COUNT, .arg = "N", .at = (at_), .min = 1, .max = 1e10,                  \
                      .help = "refuse larger pictures before they are decoded (" default_ ")"                \
    }
#define ROW_TIMEOUT(at_)                                                                                     \
    {                                                                                                        \
        "timeout", .kind = OPTION_REAL, .arg = "SECONDS", .at = (at_), .min = 0, .max = 3600,                \
                   .role = OPTION_ASIDE,                                                                     \
                   .help = "a picture that takes longer fails, and the run goes on; 0 is never (0)"          \
    }
#define ROW_SANDBOX(at_)                                                                                     \
    {                                                                                                        \
        "sandbox", .at = (at_), .role = OPTION_ASIDE,                                                        \
                   .help = "decode pictures in processes that can reach neither files nor a network, and "   \
                           "may crash"                                                                       \
    }
extern const char *const detector_names[];
/* The same in a table of the tool's own, where --faces has another default. faces: its help */
enum { DETECT_OPTIONS = 17 };
void detect_options_copy(option to[DETECT_OPTIONS], const char *faces);

#endif
