/* The tracker from inside: what a record's embeddings are held to. */
#ifndef FC_TRACK_TRACK_H
#define FC_TRACK_TRACK_H
#include "facecheck.h"
#include "track/look.h"

fc_look *fc_tracker_look(fc_tracker *t);

#endif
