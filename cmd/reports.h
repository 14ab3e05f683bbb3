/* What fc-eval and fc-bench wrote, read again: fc_record_write's {"v": 1, "kind": ...}. */
#ifndef FC_CMD_REPORTS_H
#define FC_CMD_REPORTS_H
#include <jansson.h>

#include "facecheck.h"

/* Its kind is text; a report that says less, or is of another version, is refused. of: whose reports count, for the
 * message. The caller's to json_decref; NULL on error. */
fc_status report_load(json_t **out, const char *path, const char *of, fc_error *err);
const char *report_kind(const json_t *report);

#endif
