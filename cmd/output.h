/* Records and numbers on stdout. */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H
#include <stdio.h>
#include "stages.h"

/* run.finish and run.emit for JSON Lines: the line is made by the worker. */
fc_status finish_json(void *ctx, fc_item *it, fc_error *err);
fc_status emit_json(void *ctx, fc_item *it, fc_error *err);

/* For tables, which have no place for them: the message of a failed item that came in as a record. */
void say_old_fault(const fc_item *it, bool quiet);

/* A field of a table; each but the first of a line is put behind a tab. NAN is an empty field. */
void put_number(double v);
void put_text(const char *s);  /* as it is: a word of ours, or escaped already */
void put_shown(const char *s); /* escaped: a name, or whatever else came from outside */

/* An array float32 [rows][dim] in NumPy's format 1.0, and beside it a list of its rows, "SRC TAB FACE", with
 * the records' paths escaped. Both appear when all is written. */
typedef struct npy npy;
/* Says that both will be written, so that neither is an input: before those are read. argv: n operands. */
fc_status npy_outputs(const program *p, const char *path, char **argv, int n, fc_error *err);
/* The list's name is path with .npy replaced by .ids, or with .ids added. */
fc_status npy_open(npy **out, const char *path, int dim, fc_error *err);
/* row has dim numbers, else FC_ERECORD. */
fc_status npy_add(npy *n, const float *row, size_t dim, const char *src, size_t face, fc_error *err);
/* Ends the files; n is gone in any case. */
fc_status npy_commit(npy *n, fc_error *err);
void npy_discard(npy *n);

#endif
