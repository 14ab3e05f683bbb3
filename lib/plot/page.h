/* A report as one self-contained page of HTML: figures, checks, curves, the worst comparisons. */
#ifndef FC_PLOT_PAGE_H
#define FC_PLOT_PAGE_H
#include "eval/checks.h"

/* Everything in it is borrowed. */
typedef struct fc_page {
    const char *command, *model; /* for the heading */
    const fc_report *report;
    const fc_checks *checks;
    const fc_eval_result *result;
    const fc_eval_set *set;
    size_t cases;              /* at most so many of the worst */
    fc_image_options decoding; /* of their pictures, in full size */
} fc_page;

/* Whole or not at all. */
fc_status fc_page_save(const fc_page *p, const char *path, fc_error *err);

#endif
