#ifndef CMD_EVAL_CASE_H
#define CMD_EVAL_CASE_H
#include "eval.h"

/* The case's two pictures side by side, with the faces that were compared and what came out, as PNG. */
fc_status eval_case_png(fc_bytes *out, const evaluation *e, const eval_case *c, double scale, fc_error *err);

#endif
