#include "plot/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/stats.h"

enum { MAX_TICKS = 64 };
static const double title_size = 13, text_size = 10, tick_size = 9;

typedef struct tick {
    double value;
    char text[24];
    char power[16]; /* set above it */
    bool major;
} tick;

struct area {
    double x, y, w, h; /* of the plot, in points; y is the top */
};

/* ---- scales ---- */

static double to_scale(const fc_axis *a, double v)
{
    if (a->scale == FC_SCALE_LOG)
        return log10(v > 0 ? v : 1e-300);
    if (a->scale == FC_SCALE_PROBIT)
        return fc_probit(v);
    return v;
}

/* 0 at the axis' beginning, 1 at its end; what is outside stays within reach, so that cairo's numbers do too. */
static double along(const fc_axis *a, double v)
{
    double low = to_scale(a, a->min), high = to_scale(a, a->max), t = (to_scale(a, v) - low) / (high - low);
    return t < -1 ? -1 : t > 2 ? 2 : t;
}

static double x_of(const struct area *r, const fc_chart *c, double v)
{
    return r->x + r->w * along(&c->x, v);
}

static double y_of(const struct area *r, const fc_chart *c, double v)
{
    return r->y + r->h * (1 - along(&c->y, v));
}

/* ---- ticks ---- */

static void write_number(char out[24], const fc_axis *a, double v)
{
    if (a->percent)
        snprintf(out, 24, "%.10g %%", 100 * v);
    else
        snprintf(out, 24, "%.10g", v);
}

static int linear_ticks(tick *t, const fc_axis *a)
{
    const double span = a->max - a->min, rough = span / 5, unit = pow(10, floor(log10(rough)));
    const double step = unit * (rough / unit < 1.5   ? 1
                                : rough / unit < 3.5 ? 2
                                : rough / unit < 7.5 ? 5
                                                     : 10);
    int n = 0;

    for (double k = ceil(a->min / step - 1e-9); k * step <= a->max + span * 1e-9 && n < MAX_TICKS; k++) {
        t[n] = (tick){.value = k * step, .major = true};
        write_number(t[n].text, a, fabs(k * step) < step * 1e-9 ? 0 : k * step);
        n++;
    }
    return n;
}

static int log_ticks(tick *t, const fc_axis *a)
{
    const int first = (int)floor(log10(a->min) - 1e-9), last = (int)ceil(log10(a->max) + 1e-9);
    const bool minor = last - first <= 7, wide = log10(a->max / a->min) < 1.5;
    int n = 0;

    for (int e = first; e <= last; e++)
        for (int d = 1; d < (minor ? 10 : 2) && n < MAX_TICKS; d++) {
            const double v = d * pow(10, e);
            if (v < a->min * (1 - 1e-9) || v > a->max * (1 + 1e-9))
                continue;
            t[n] = (tick){.value = v, .major = d == 1 || (wide && (d == 2 || d == 5))};
            if (t[n].major && (a->percent || (e >= -2 && e <= 4)))
                write_number(t[n].text, a, v);
            else if (t[n].major) {
                strcpy(t[n].text, "10");
                snprintf(t[n].power, sizeof t[n].power, "\xE2\x88\x92%d", -e);
                if (e > 0)
                    snprintf(t[n].power, sizeof t[n].power, "%d", e);
            }
            n++;
        }
    return n;
}

static int probit_ticks(tick *t, const fc_axis *a)
{
    static const double at[] = {1e-6, 1e-5, 1e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1,
                                0.2,  0.4,  0.6,  0.8,  0.9,  0.95, 0.98, 0.99, 0.999};
    int n = 0;

    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        if (at[i] < a->min * (1 - 1e-9) || at[i] > a->max * (1 + 1e-9))
            continue;
        t[n] = (tick){.value = at[i], .major = true};
        write_number(t[n++].text, a, at[i]);
    }
    return n;
}

static int ticks_of(tick *t, const fc_axis *a)
{
    return a->scale == FC_SCALE_LOG      ? log_ticks(t, a)
           : a->scale == FC_SCALE_PROBIT ? probit_ticks(t, a)
                                         : linear_ticks(t, a);
}

static double tick_width(cairo_t *cr, const tick *t)
{
    double w;

    fc_font(cr, tick_size, false);
    w = fc_text_width(cr, t->text);
    if (*t->power) {
        fc_font(cr, tick_size * 0.75, false);
        w += fc_text_width(cr, t->power) + 1;
    }
    return w;
}

/* x: the text's left end. */
static void draw_tick_text(cairo_t *cr, const tick *t, double x, double y)
{
    fc_font(cr, tick_size, false);
    fc_text(cr, x, y, FC_LEFT, t->text);
    if (!*t->power)
        return;
    double w = fc_text_width(cr, t->text);
    fc_font(cr, tick_size * 0.75, false);
    fc_text(cr, x + w + 1, y - tick_size * 0.4, FC_LEFT, t->power);
}

/* ---- axes ---- */

static void line(cairo_t *cr, double x0, double y0, double x1, double y1)
{
    cairo_move_to(cr, x0, y0);
    cairo_line_to(cr, x1, y1);
    cairo_stroke(cr);
}

static void draw_x_axis(cairo_t *cr, const struct area *r, const fc_chart *c, const tick *t, int n)
{
    double free_from = -1e9;

    cairo_set_line_width(cr, 0.5);
    for (int i = 0; i < n; i++) {
        const double x = x_of(r, c, t[i].value), w = tick_width(cr, &t[i]);
        fc_ink_grey(cr, t[i].major ? 0.82 : 0.93);
        line(cr, x, r->y, x, r->y + r->h);
        if (!*t[i].text || x - w / 2 < free_from)
            continue;
        fc_ink_grey(cr, 0);
        line(cr, x, r->y + r->h, x, r->y + r->h + 3);
        draw_tick_text(cr, &t[i], x - w / 2, r->y + r->h + 5 + tick_size);
        free_from = x + w / 2 + 6;
    }
    fc_ink_grey(cr, 0);
    fc_font(cr, text_size, false);
    if (c->x.title)
        fc_text(cr, r->x + r->w / 2, r->y + r->h + 12 + tick_size + text_size, FC_MIDDLE, c->x.title);
}

static void draw_y_axis(cairo_t *cr, const struct area *r, const fc_chart *c, const tick *t, int n)
{
    double free_below = 1e9;

    cairo_set_line_width(cr, 0.5);
    for (int i = 0; i < n; i++) {
        const double y = y_of(r, c, t[i].value);
        fc_ink_grey(cr, t[i].major ? 0.82 : 0.93);
        line(cr, r->x, y, r->x + r->w, y);
        if (!*t[i].text || y + tick_size / 2 > free_below)
            continue;
        fc_ink_grey(cr, 0);
        line(cr, r->x - 3, y, r->x, y);
        draw_tick_text(cr, &t[i], r->x - 6 - tick_width(cr, &t[i]), y + tick_size * 0.36);
        free_below = y - tick_size / 2 - 2;
    }
    if (!c->y.title)
        return;
    fc_ink_grey(cr, 0);
    fc_font(cr, text_size, false);
    cairo_save(cr);
    cairo_translate(cr, text_size + 2, r->y + r->h / 2);
    cairo_rotate(cr, -M_PI / 2);
    fc_text(cr, 0, 0, FC_MIDDLE, c->y.title);
    cairo_restore(cr);
}

/* ---- series ---- */

static void trace(cairo_t *cr, const struct area *r, const fc_chart *c, const fc_series *s)
{
    const bool steps = s->kind != FC_SERIES_LINE;

    cairo_new_path(cr);
    if (s->kind == FC_SERIES_AREA && s->n)
        cairo_move_to(cr, x_of(r, c, s->x[0]), r->y + r->h);
    for (size_t i = 0; i < s->n; i++) {
        const double x = x_of(r, c, s->x[i]), y = y_of(r, c, s->y[i]);
        cairo_line_to(cr, x, y);
        if (steps && i + 1 < s->n)
            cairo_line_to(cr, x_of(r, c, s->x[i + 1]), y);
    }
    if (s->kind == FC_SERIES_AREA && s->n)
        cairo_line_to(cr, x_of(r, c, s->x[s->n - 1]), r->y + r->h);
}

static void draw_series(cairo_t *cr, const struct area *r, const fc_chart *c, const fc_series *s)
{
    if (s->kind == FC_SERIES_AREA) {
        trace(cr, r, c, s);
        fc_ink_colour(cr, s->ink, 0.22);
        cairo_fill(cr);
    }
    trace(cr, r, c, s);
    fc_ink_colour(cr, s->ink, 1);
    fc_ink_dash(cr, s->dash);
    cairo_set_line_width(cr, 1.6);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_stroke(cr);
    cairo_set_dash(cr, NULL, 0, 0);
}

static void draw_marks(cairo_t *cr, const struct area *r, const fc_chart *c, const fc_series *s)
{
    fc_ink_colour(cr, s->ink, 1);
    for (size_t i = 0; s->marks && i < s->n; i++)
        fc_ink_mark(cr, s->ink, x_of(r, c, s->x[i]), y_of(r, c, s->y[i]), 2.6);
}

static void draw_rules(cairo_t *cr, const struct area *r, const fc_chart *c)
{
    double free_from = -1e9, top = r->y + text_size;

    cairo_set_line_width(cr, 1);
    fc_font(cr, tick_size, false);
    for (size_t i = 0; i < c->nrules; i++) {
        const double x = x_of(r, c, c->rules[i].x), w = fc_text_width(cr, c->rules[i].text);
        const bool left = x + w + 6 > r->x + r->w;
        fc_ink_grey(cr, 0.25);
        cairo_set_dash(cr, (double[]){3, 3}, 2, 0);
        line(cr, x, r->y, x, r->y + r->h);
        cairo_set_dash(cr, NULL, 0, 0);
        top = x < free_from ? top + tick_size + 3 : r->y + text_size;
        fc_text_halo(cr, left ? x - 4 : x + 4, top, left ? FC_RIGHT : FC_LEFT, c->rules[i].text);
        free_from = x + w + 8;
    }
}

static void clip_to(cairo_t *cr, const struct area *r, double room)
{
    cairo_save(cr);
    cairo_rectangle(cr, r->x - room, r->y - room, r->w + 2 * room, r->h + 2 * room);
    cairo_clip(cr);
}

static void draw_plot(cairo_t *cr, const struct area *r, const fc_chart *c)
{
    fc_ink_grey(cr, 0);
    cairo_set_line_width(cr, 0.8);
    cairo_rectangle(cr, r->x, r->y, r->w, r->h);
    cairo_stroke(cr);
    clip_to(cr, r, 0.4);
    if (c->diagonal) {
        const int n = 400;
        cairo_new_path(cr);
        for (int i = 0; i <= n; i++) {
            fc_axis both = c->x;
            double t =
                to_scale(&both, both.min) + (to_scale(&both, both.max) - to_scale(&both, both.min)) * i / n;
            double v = both.scale == FC_SCALE_LOG      ? pow(10, t)
                       : both.scale == FC_SCALE_PROBIT ? 0.5 * erfc(-t / M_SQRT2)
                                                       : t;
            if (v >= c->y.min && v <= c->y.max)
                cairo_line_to(cr, x_of(r, c, v), y_of(r, c, v));
        }
        fc_ink_grey(cr, 0.6);
        cairo_set_line_width(cr, 0.8);
        cairo_stroke(cr);
    }
    for (size_t i = 0; i < c->nseries; i++)
        draw_series(cr, r, c, &c->series[i]);
    cairo_restore(cr);
    clip_to(cr, r, 4); /* so that marks on the border are whole */
    for (size_t i = 0; i < c->nseries; i++)
        draw_marks(cr, r, c, &c->series[i]);
    for (size_t i = 0; i < c->nmarks; i++) {
        const fc_mark *m = &c->marks[i];
        fc_ink_colour(cr, m->ink, 1);
        fc_ink_mark(cr, m->ink, x_of(r, c, m->x), y_of(r, c, m->y), 3.4);
    }
    cairo_restore(cr);
    draw_rules(cr, r, c);
}

/* ---- the page ---- */

static const double legend_line = 15, sample = 30;

/* Returns the y behind it. */
static double draw_legend(cairo_t *cr, double width, double y, const fc_chart *c)
{
    for (size_t i = 0; i < c->nseries; i++) {
        const fc_series *s = &c->series[i];
        if (!s->name)
            continue;
        double x = 16;
        y += legend_line;
        fc_ink_colour(cr, s->ink, 1);
        if (s->kind == FC_SERIES_AREA) {
            cairo_rectangle(cr, x, y - 8, sample, 8);
            fc_ink_colour(cr, s->ink, 0.22);
            cairo_fill_preserve(cr);
            fc_ink_colour(cr, s->ink, 1);
            cairo_set_line_width(cr, 1.6);
            fc_ink_dash(cr, s->dash);
            cairo_stroke(cr);
        } else {
            cairo_set_line_width(cr, 1.8);
            fc_ink_dash(cr, s->dash);
            line(cr, x, y - 3.5, x + sample, y - 3.5);
        }
        cairo_set_dash(cr, NULL, 0, 0);
        for (size_t k = 0; k < c->nmarks; k++)
            if (c->marks[k].ink == s->ink && s->kind == FC_SERIES_LINE) {
                fc_ink_mark(cr, s->ink, x + sample / 2, y - 3.5, 3);
                break;
            }
        if (s->marks)
            fc_ink_mark(cr, s->ink, x + sample / 2, y - 3.5, 2.8);
        x += sample + 7;
        fc_ink_grey(cr, 0);
        fc_font(cr, text_size, false);
        const double note = s->note ? fc_text_width(cr, s->note) + 14 : 0;
        double w = fc_text_width(cr, s->name), room = width - x - 12 - note;
        fc_text_fit(cr, x, y, room, s->name);
        fc_ink_grey(cr, 0.35);
        if (s->note)
            fc_text(cr, x + (w < room ? w : room) + 12, y, FC_LEFT, s->note);
    }
    return y;
}

void fc_chart_draw(cairo_t *cr, double width, double height, const fc_chart *c)
{
    tick xt[MAX_TICKS], yt[MAX_TICKS];
    const int nx = ticks_of(xt, &c->x), ny = ticks_of(yt, &c->y);
    struct area r;
    double y = 8, left = 0;

    if (c->title) {
        y += title_size;
        fc_ink_grey(cr, 0);
        fc_font(cr, title_size, true);
        fc_text_fit(cr, 16, y, width - 32, c->title);
    }
    y = draw_legend(cr, width, y + 3, c);
    for (int i = 0; i < ny; i++) {
        double w = tick_width(cr, &yt[i]);
        left = w > left ? w : left;
    }
    r.x = left + 12 + (c->y.title ? text_size + 8 : 0);
    r.y = y + 12;
    r.w = width - r.x - 22;
    r.h = height - r.y - (c->x.title ? 40 : 24);
    fc_ink_grey(cr, 1);
    cairo_rectangle(cr, r.x, r.y, r.w, r.h);
    cairo_fill(cr);
    draw_x_axis(cr, &r, c, xt, nx);
    draw_y_axis(cr, &r, c, yt, ny);
    draw_plot(cr, &r, c);
}
