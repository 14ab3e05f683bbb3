/* What fc-eval shows in pictures: comparisons side by side, and the page with everything. */
#ifndef CMD_EVAL_PAGE_H
#define CMD_EVAL_PAGE_H
#include "eval.h"

/* The n worst cases, as DIR/001.png ... The folder is made where it is not there. Where another file is in the way, says
 * so, and counts it as unwritten. */
fc_status eval_write_worst(evaluation *e, size_t n, const char *dir, fc_error *err);
/* Says that they will be written, before anything is read. */
fc_status eval_worst_outputs(size_t n, const char *dir, fc_error *err);
/* One self-contained page: figures, curves, the worst cases. */
fc_status eval_write_page(const evaluation *e, const json_t *checks, const char *path, fc_error *err);

#endif
