/* Which faces of which pictures. */
#ifndef CMD_FACE_OPTIONS_H
#define CMD_FACE_OPTIONS_H
#include "options.h"
#include "facecheck.h"

extern const option detect_options[]; /* of fc_face_options */
extern const char *const detector_names[];
/* Those among the options that decide no result: only whether, and when, a picture can be decoded on this machine. */
extern const char *const detect_resources[];

#endif
