/* What a run has done, so that the same command goes on there after whatever stopped it. */
#ifndef CMD_JOURNAL_H
#define CMD_JOURNAL_H
#include "options.h"

/*
 * A file of lines: what was run, as JSON, then each record as it went to stdout. A run that finds it writes those again, passes
 * over their inputs, and goes on behind them: its output is that of one run. A line that was being written when the process was
 * killed does not count.
 */
typedef struct journal journal;

/* path is made, or what it holds read. FC_EUSAGE: it is of another command, which the message tells. FC_EFORMAT: it is no
 * journal. FC_EIO: another process writes to it. basis: what decides the records beside inputs and options (caching.h). */
fc_status journal_open(journal **out, const char *path, const program *self, json_t *basis, fc_error *err);
/* The records that it holds go to stdout, and their inputs are taken from in. *done, *failed: how many. with fail_fast the first
 * that failed is the last one. FC_EDATA: the inputs are others. */
fc_status journal_replay(journal *j, fc_source *in, bool fail_fast, size_t *done, size_t *failed,
                         fc_error *err);
/* One more, with its newline. */
fc_status journal_put(journal *j, const char *line, size_t n, fc_error *err);
void journal_close(journal *j);

#endif
