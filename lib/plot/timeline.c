#include "plot/timeline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/text.h"
#include "plot/ink.h"
#include "plot/timeline_impl.h"

static const double row_height = 18, bar_height = 11, least_bar = 2, margin = 16, title_size = 13,
                    text_size = 10, tick_size = 9, top = 52, bottom = 34;

/* Whose row it is. */
struct row {
    const char *person;
    double first, seconds; /* when it begins; how long they were seen, together */
};

struct rows {
    struct row *row; /* [n], owned */
    size_t n, cap;
    json_t *known; /* person: their number, before rows are sorted; owned */
    size_t others; /* people without one */
    const char *camera[FC_INKS];
    size_t cameras; /* with an ink; the others are grey */
    bool grey;
};

/* ---- who and when ---- */

struct span {
    double from, to;
};

static bool shows(const struct visit *v, struct span s)
{
    return v->person && v->camera && v->last >= s.from && v->first <= s.to;
}

static struct span span_of(const fc_timeline *t, const fc_timeline_settings *set)
{
    struct span s = {set->from, set->to};

    if (!isnan(s.from) && !isnan(s.to))
        return s;
    s = (struct span){INFINITY, -INFINITY};
    for (size_t i = 0; i < t->n; i++) {
        s.from = fmin(s.from, t->visit[i].first);
        s.to = fmax(s.to, t->visit[i].last);
    }
    if (s.to - s.from < 1)
        s.to = s.from + 1;
    return s;
}

static void clear_rows(struct rows *r)
{
    free(r->row);
    json_decref(r->known);
}

static struct row *row_of(const struct rows *r, const char *person)
{
    for (size_t i = 0; i < r->n; i++)
        if (!strcmp(r->row[i].person, person))
            return &r->row[i];
    return NULL;
}

static fc_status count_visit(struct rows *r, const struct visit *v, fc_error *err)
{
    const json_t *known = json_object_get(r->known, v->person);
    struct row *row;

    if (!known) {
        if (fc_grow(&r->row, r->n + 1, &r->cap, sizeof *r->row, err))
            return FC_ENOMEM;
        if (json_object_set_new(r->known, v->person, json_integer((json_int_t)r->n)))
            return fc_fail_nomem(err, 0);
        r->row[r->n++] = (struct row){.person = v->person, .first = v->first};
    }
    row = &r->row[known ? (size_t)json_integer_value(known) : r->n - 1];
    row->first = fmin(row->first, v->first);
    row->seconds += v->last - v->first;
    return FC_OK;
}

/* A few cameras of a time line have a colour. */
static size_t ink_of(struct rows *r, const char *camera)
{
    size_t i = 0;

    while (i < r->cameras && strcmp(r->camera[i], camera) != 0)
        i++;
    if (i == r->cameras && r->cameras < FC_INKS)
        r->camera[r->cameras++] = camera;
    else if (i == r->cameras)
        r->grey = true;
    return i < r->cameras ? i : FC_INKS;
}

static int by_time_seen(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    const int unknown = !strcmp(y->person, UNKNOWN) - !strcmp(x->person, UNKNOWN);

    return unknown                   ? -unknown
           : x->seconds < y->seconds ? 1
           : x->seconds > y->seconds ? -1
                                     : strcmp(x->person, y->person);
}

/* As they came; nobody known last. */
static int by_first(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    const int unknown = !strcmp(x->person, UNKNOWN) - !strcmp(y->person, UNKNOWN);

    return unknown               ? unknown
           : x->first < y->first ? -1
           : x->first > y->first ? 1
                                 : strcmp(x->person, y->person);
}

static fc_status make_rows(struct rows *r, const fc_timeline *t, struct span span, size_t most, fc_error *err)
{
    fc_status s = (r->known = json_object()) ? FC_OK : fc_fail_nomem(err, 0);

    for (size_t i = 0; !s && i < t->n; i++)
        if (shows(&t->visit[i], span)) {
            s = count_visit(r, &t->visit[i], err);
            ink_of(r, t->visit[i].camera);
        }
    if (!s && !r->n)
        return fc_fail(err, FC_EDATA, "no event in that time");
    if (s)
        return s;
    qsort(r->row, r->n, sizeof *r->row, by_time_seen);
    r->others = r->n > most ? r->n - most : 0;
    r->n -= r->others;
    qsort(r->row, r->n, sizeof *r->row, by_first);
    return FC_OK;
}

double fc_timeline_height(const fc_timeline *t, const fc_timeline_settings *set)
{
    struct rows r = {0};
    const bool none = make_rows(&r, t, span_of(t, set), set->rows, NULL) != FC_OK;
    const double n = none ? 1 : (double)(r.n + (r.others > 0));

    clear_rows(&r);
    return top + n * row_height + bottom;
}

/* ---- the axis ---- */

/* Seconds between ticks, of which there are at most so many. */
static double tick_step(double seconds, double most)
{
    static const double steps[] = {1,   2,    5,    10,   15,    30,    60,    120,   300,    600,
                                   900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800};
    size_t i = 0;

    while (i + 1 < sizeof steps / sizeof *steps && seconds / steps[i] > most)
        i++;
    double step = steps[i];
    while (seconds / step > most)
        step *= 2;
    return step;
}

static void tick_text(char *out, size_t size, const fc_timeline *t, const fc_timeline_settings *set,
                      double at, double step)
{
    const time_t seconds = (time_t)floor(at) + (t->clock ? set->east : 0);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    if (t->clock && step >= 86400)
        snprintf(out, size, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    else if (t->clock && step >= 60)
        snprintf(out, size, "%02d:%02d", tm.tm_hour, tm.tm_min);
    else if (t->clock)
        snprintf(out, size, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
    else
        snprintf(out, size, "%lld:%02lld", (long long)(floor(at) / 60), (long long)fmod(floor(at), 60));
}

struct frame {
    double x, y, w, h;
    struct span span;
};

static double x_of(const struct frame *f, double at)
{
    const double share = (at - f->span.from) / (f->span.to - f->span.from);

    return f->x + f->w * fmin(fmax(share, 0), 1);
}

static void draw_axis(cairo_t *cr, const fc_timeline *t, const fc_timeline_settings *set,
                      const struct frame *f)
{
    const double step = tick_step(f->span.to - f->span.from, f->w / 60),
                 east = t->clock ? (double)set->east : 0;
    char text[32];

    fc_font(cr, tick_size, false);
    cairo_set_line_width(cr, 0.5);
    const double first = ceil((f->span.from + east) / step) * step - east;
    for (int n = 0; first + n * step <= f->span.to; n++) {
        const double at = first + n * step, x = x_of(f, at);
        fc_ink_grey(cr, 0.85);
        cairo_move_to(cr, x, f->y);
        cairo_line_to(cr, x, f->y + f->h);
        cairo_stroke(cr);
        fc_ink_grey(cr, 0.2);
        tick_text(text, sizeof text, t, set, at, step);
        fc_text(cr, x, f->y + f->h + 13, FC_MIDDLE, text);
    }
}

/* ---- bars and words ---- */

static void set_ink(cairo_t *cr, size_t ink)
{
    if (ink < FC_INKS)
        fc_ink_colour(cr, ink, 0.9);
    else
        fc_ink_grey(cr, 0.6);
}

static void draw_bars(cairo_t *cr, const fc_timeline *t, struct rows *r, const struct frame *f)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct visit *v = &t->visit[i];
        if (!shows(v, f->span))
            continue;
        const struct row *row = row_of(r, v->person);
        const double y =
            f->y + (double)(row ? (size_t)(row - r->row) : r->n) * row_height + (row_height - bar_height) / 2;
        const double x = x_of(f, v->first);
        set_ink(cr, ink_of(r, v->camera));
        cairo_rectangle(cr, x, y, fmax(x_of(f, v->last) - x, least_bar), bar_height);
        cairo_fill(cr);
    }
}

static void draw_names(cairo_t *cr, const struct rows *r, const struct frame *f)
{
    char others[64];

    fc_font(cr, text_size, false);
    for (size_t i = 0; i < r->n + (r->others > 0); i++) {
        const double y = f->y + (double)i * row_height;
        fc_ink_grey(cr, i % 2 ? 1 : 0.965);
        cairo_rectangle(cr, f->x, y, f->w, row_height);
        cairo_fill(cr);
        fc_ink_grey(cr, 0);
        snprintf(others, sizeof others, "%zu others", r->others);
        fc_text_fit(cr, margin, y + row_height - 5.5, f->x - margin - 8,
                    i < r->n ? r->row[i].person : others);
    }
}

static void draw_legend(cairo_t *cr, const struct rows *r, double width)
{
    double x = margin;

    fc_font(cr, text_size, false);
    for (size_t i = 0; i < r->cameras + r->grey; i++) {
        const char *name = i == r->cameras ? "other cameras" : *r->camera[i] ? r->camera[i] : "no camera";
        const double room = width - margin - x - 14;
        if (room < 20)
            break;
        set_ink(cr, i == r->cameras ? FC_INKS : i);
        cairo_rectangle(cr, x, 32, 9, 9);
        cairo_fill(cr);
        fc_ink_grey(cr, 0);
        fc_text_fit(cr, x + 14, 40, room, name);
        x += 14 + fmin(fc_text_width(cr, name), room) + 14;
    }
}

static void draw_title(cairo_t *cr, const fc_timeline *t, const fc_timeline_settings *set, struct span span)
{
    char days[64], last[16] = "";

    tick_text(days, 32, t, set, span.from, 86400);
    tick_text(last, sizeof last, t, set, fmax(span.from, span.to - 1), 86400);
    if (t->clock && strcmp(days, last) != 0)
        snprintf(days + strlen(days), sizeof days - strlen(days), " to %s", last);
    fc_font(cr, title_size, true);
    fc_ink_grey(cr, 0);
    fc_text_fit(cr, margin, 22, set->width - 2 * margin,
                set->title ? set->title
                : t->clock ? days
                           : "Who was seen");
}

/* What names take, up to a third of the width. */
static double names_width(cairo_t *cr, const struct rows *r, double width)
{
    double most = fc_text_width(cr, "000 others");

    for (size_t i = 0; i < r->n; i++)
        most = fmax(most, fc_text_width(cr, r->row[i].person));
    return fmin(most, width / 3);
}

fc_status fc_timeline_draw(cairo_t *cr, const fc_timeline *t, const fc_timeline_settings *set, fc_error *err)
{
    struct rows r = {0};
    struct frame f = {.y = top, .span = span_of(t, set)};
    fc_status s = make_rows(&r, t, f.span, set->rows, err);

    if (!s) {
        fc_font(cr, text_size, false);
        f.x = margin + names_width(cr, &r, set->width) + 8;
        f.w = set->width - f.x - margin - 8;
        f.h = (double)(r.n + (r.others > 0)) * row_height;
        draw_title(cr, t, set, f.span);
        draw_legend(cr, &r, set->width);
        draw_names(cr, &r, &f);
        draw_axis(cr, t, set, &f);
        draw_bars(cr, t, &r, &f);
        s = fc_ink_status(cr, err);
    }
    clear_rows(&r);
    return s;
}
