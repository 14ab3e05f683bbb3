/* Records and numbers on stdout. */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H
#include <stdio.h>
#include "npy.h"
#include "face_options.h"

/* run.finish and run.emit for JSON Lines: the line is made by the worker. */
fc_status finish_json(void *ctx, fc_item *it, fc_error *err);
fc_status emit_json(void *ctx, fc_item *it, fc_error *err);

/* For tables, which have no place for them: the message of a failed item that came in as a record. */
void say_old_fault(const fc_item *it, bool quiet);

/* A field of a table; each but the first of a line is put behind a tab. NAN is an empty field. */
void put_number(double v);
void put_text(const char *s);  /* as it is: a word of ours, or escaped already */
void put_shown(const char *s); /* escaped: a name, or whatever else came from outside */

#endif
