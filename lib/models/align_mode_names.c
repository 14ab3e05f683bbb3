#include "models/align_mode_names.h"

#include "facecheck.h"

const char *const fc_align_mode_names[] = FC_NAMES_TABLE(FC_ALIGN_MODES);
