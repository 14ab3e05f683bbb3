/* Inside fc-plot. */
#ifndef CMD_PLOT_H
#define CMD_PLOT_H
#include "plot/canvas.h"

struct timeline_how {
    const char *output, *title;
    const char *day; /* YYYY-MM-DD; NULL: all that is there */
    fc_page_format format;
    double width, height, scale; /* 0: what it takes */
};
/* Lines of fc-events from the files; n 0: from standard input. */
fc_status plot_timeline(const struct timeline_how *how, char **path, int n, fc_error *err);

#endif
