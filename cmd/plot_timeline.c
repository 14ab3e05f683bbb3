/* A time line: who was seen when, from the lines of fc-events. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "pipeline/json_lines.h"
#include "plot.h"
#include "plot/timeline.h"

/* 2026-11-27, as clocks here have it: from its beginning to the next one's. */
static fc_status read_day(const char *text, fc_timeline_settings *set, fc_error *err)
{
    struct tm day = {.tm_isdst = -1}, next;
    const char *end = strptime(text, "%Y-%m-%d", &day);

    if (!end || *end)
        return fc_fail(err, FC_EUSAGE, "--day: want YYYY-MM-DD, got '%s'", text);
    next = day;
    next.tm_mday++;
    struct tm same = day;
    timegm(&same);
    if (same.tm_mday != day.tm_mday) /* it would be one of the next month */
        return fc_fail(err, FC_EUSAGE, "--day: there is no '%s'", text);
    set->from = (double)mktime(&day);
    set->to = (double)mktime(&next);
    set->east = day.tm_gmtoff;
    return FC_OK;
}

/* What clocks here are ahead at the time. */
static long east_at(double when)
{
    const time_t seconds = (time_t)when;
    struct tm tm;

    return localtime_r(&seconds, &tm) ? tm.tm_gmtoff : 0;
}

static fc_status read_events(fc_timeline *t, const char *path, double *first, fc_error *err)
{
    fc_reader in;
    fc_error why;
    json_t *line;
    fc_status s = fc_reader_open(&in, strcmp(path, "-") ? path : NULL, -1, err);

    if (s)
        return s;
    while (!(s = fc_json_line(&in, &line, NULL, err))) {
        const json_t *time = json_object_get(line, "time");
        if (isnan(*first) && json_is_number(time))
            *first = json_number_value(time);
        s = fc_timeline_add(t, line, &why);
        json_decref(line);
        if (s) {
            fc_fail(err, s, "%s:%zu: %s", in.name, in.line, why.message);
            break;
        }
    }
    fc_reader_close(&in);
    return s == FC_END ? FC_OK : s;
}

static fc_status draw(const fc_timeline *t, fc_timeline_settings *set, const struct timeline_how *how,
                      fc_error *err)
{
    fc_canvas *canvas;
    fc_status s;

    set->width = how->width > 0 ? how->width : 720;
    set->height = how->height > 0 ? how->height : fc_timeline_height(t, set);
    s = fc_canvas_new(&canvas, how->format, set->width, set->height, how->scale, err);
    if (s)
        return s;
    s = fc_timeline_draw(fc_canvas_cairo(canvas), t, set, err);
    if (!s)
        return fc_canvas_save(canvas, how->output, err);
    fc_canvas_free(canvas);
    return s;
}

fc_status plot_timeline(const struct timeline_how *how, char **path, int n, fc_error *err)
{
    static char *standard[] = {"-"};
    fc_timeline_settings set = {.title = how->title, .from = NAN, .to = NAN, .rows = FC_TIMELINE_ROWS};
    fc_timeline *t = NULL;
    double first = NAN;
    fc_status s = how->day ? read_day(how->day, &set, err) : FC_OK;

    if (!s)
        s = fc_timeline_new(&t, err);
    for (int i = 0; !s && i < (n ? n : 1); i++)
        s = read_events(t, n ? path[i] : standard[0], &first, err);
    if (!s && !fc_timeline_events(t))
        s = fc_fail(err, FC_EDATA, "no events: fc-events makes them");
    if (!s && !how->day && isfinite(first) && fabs(first) < 1e11)
        set.east = east_at(first);
    if (!s)
        s = draw(t, &set, how, err);
    fc_timeline_free(t);
    return s;
}
