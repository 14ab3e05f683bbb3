/* Lines of events, as fc-events writes them. */
#ifndef FC_TRACK_EVENT_LINE_H
#define FC_TRACK_EVENT_LINE_H
#include <jansson.h>

#include "facecheck.h"

/* Whether the line is an event's, and of which type. */
bool fc_event_line_type(const json_t *line, fc_event_type *type);

#endif
