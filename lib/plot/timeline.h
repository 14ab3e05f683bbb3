/* Who was seen when: a row for each person, and a bar for each event of fc-events(1), in the colour of its camera. */
#ifndef FC_PLOT_TIMELINE_H
#define FC_PLOT_TIMELINE_H
#include <cairo.h>
#include <jansson.h>

#include "facecheck.h"

enum { FC_TIMELINE_ROWS = 40 };

typedef struct fc_timeline fc_timeline;

fc_status fc_timeline_new(fc_timeline **out, fc_error *err);
void fc_timeline_free(fc_timeline *t);

/* A line of an event: what it says of its id goes before what an earlier one said. Other lines are passed over. FC_ERECORD: it
 * has no times, or they are no numbers. FC_EDATA: some events have the time of day and others that of a video. */
fc_status fc_timeline_add(fc_timeline *t, const json_t *line, fc_error *err);
size_t fc_timeline_events(const fc_timeline *t);

typedef struct fc_timeline_settings {
    const char *title;    /* NULL: the day, where it is one */
    double from, to;      /* what is shown; NAN: all */
    long east;            /* seconds that clocks are ahead of UTC */
    size_t rows;          /* people who get one, those that were seen longest; the others share one */
    double width, height; /* points */
} fc_timeline_settings;
/* FC_EDATA: there is no event in that time. */
fc_status fc_timeline_draw(cairo_t *cr, const fc_timeline *t, const fc_timeline_settings *set, fc_error *err);
/* Points that the rows take of those who are shown. */
double fc_timeline_height(const fc_timeline *t, const fc_timeline_settings *set);

#endif
