/* Options of tools that follow faces. */
#ifndef CMD_TRACK_ROWS_H
#define CMD_TRACK_ROWS_H
#include "options.h"

#define ROW_MIN_HITS(at_)                                                                                    \
    {                                                                                                        \
        "min-hits", .kind = OPTION_INT, .arg = "N", .at = (at_), .min = 1, .max = 1000000,                   \
                    .help = "faces that make a track (2)"                                                    \
    }
#define ROW_MAX_AGE(at_)                                                                                     \
    {                                                                                                        \
        "max-age", .kind = OPTION_REAL, .arg = "SECONDS", .at = (at_), .min = 0, .max = 1e9,                 \
                   .help = "a track without a face for longer is over (2)"                                   \
    }

#endif
