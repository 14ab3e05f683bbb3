/* The values of fc_drift_value, as reports and assertions call them. */
#ifndef FC_MONITOR_DRIFT_NAMES_H
#define FC_MONITOR_DRIFT_NAMES_H
#include "base/names.h"

#define FC_DRIFT_VALUES(FIRST, X, LAST)                                                                      \
    FIRST(FC_DRIFT_SIMILARITY, "similarity")                                                                 \
    X(FC_DRIFT_MATCH, "match_similarity")                                                                    \
    X(FC_DRIFT_NO_MATCH, "no_match_similarity")                                                              \
    X(FC_DRIFT_SCORE, "score")                                                                               \
    X(FC_DRIFT_FACE, "face_px")                                                                              \
    X(FC_DRIFT_SHARPNESS, "sharpness")                                                                       \
    X(FC_DRIFT_EYES, "eye_distance")                                                                         \
    X(FC_DRIFT_FACES, "faces")                                                                               \
    X(FC_DRIFT_DECODE, "decode_ms")                                                                          \
    X(FC_DRIFT_DETECT, "detect_ms")                                                                          \
    X(FC_DRIFT_ALIGN, "align_ms")                                                                            \
    X(FC_DRIFT_EMBED, "embed_ms")                                                                            \
    LAST(FC_DRIFT_TOTAL, "total_ms")

#endif
