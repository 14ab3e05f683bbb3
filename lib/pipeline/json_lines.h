/* Lines of JSON objects of any kind: records, decisions, events. */
#ifndef FC_PIPELINE_JSON_LINES_H
#define FC_PIPELINE_JSON_LINES_H
#include <jansson.h>

#include "pipeline/reader.h"

/* An object; blank lines are passed over. *out is the caller's to json_decref, *text (which may be NULL) the line, to be cleared.
 * FC_END: as fc_reader_line has it. FC_ERECORD: a line is no object; the message names file and line. */
fc_status fc_json_line(fc_reader *in, json_t **out, fc_bytes *text, fc_error *err);

#endif
