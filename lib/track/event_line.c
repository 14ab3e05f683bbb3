#include "track/event_line.h"

#include <string.h>

#include "base/json.h"

static const char *const names[] = {
    [FC_EVENT_START] = "start", [FC_EVENT_UPDATE] = "update", [FC_EVENT_END] = "end"};

const char *fc_event_type_name(fc_event_type t)
{
    return names[t];
}

bool fc_event_line_type(const json_t *line, fc_event_type *type)
{
    const char *text = fc_json_text(line, "type");

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(text, names[i])) {
            *type = (fc_event_type)i;
            return true;
        }
    return false;
}
