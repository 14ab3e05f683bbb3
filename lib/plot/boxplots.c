#include "plot/boxplots.h"

#include <math.h>
#include <stdio.h>

#include "base/stats.h"

static const double title_size = 13, text_size = 10, tick_size = 9;

struct frame {
    double x, y, w, h;
    double low, high; /* powers of ten */
};

static double x_of(const struct frame *f, double v)
{
    double t = (log10(v > 1e-300 ? v : 1e-300) - f->low) / (f->high - f->low);
    return f->x + f->w * (t < 0 ? 0 : t > 1 ? 1 : t);
}

static void line(cairo_t *cr, double x0, double y0, double x1, double y1)
{
    cairo_move_to(cr, x0, y0);
    cairo_line_to(cr, x1, y1);
    cairo_stroke(cr);
}

static void draw_axis(cairo_t *cr, const struct frame *f, const char *axis)
{
    char text[32];

    for (int e = (int)f->low; e <= (int)f->high; e++) {
        const double x = x_of(f, pow(10, e));
        cairo_set_line_width(cr, 0.5);
        for (int d = 2; d < 10 && e < (int)f->high && f->high - f->low < 5; d++) {
            fc_ink_grey(cr, 0.93);
            line(cr, x_of(f, d * pow(10, e)), f->y, x_of(f, d * pow(10, e)), f->y + f->h);
        }
        fc_ink_grey(cr, 0.8);
        line(cr, x, f->y, x, f->y + f->h);
        fc_ink_grey(cr, 0);
        fc_font(cr, tick_size, false);
        snprintf(text, sizeof text, "%.10g", pow(10, e));
        fc_text(cr, x, f->y + f->h + 4 + tick_size, FC_MIDDLE, text);
    }
    fc_font(cr, tick_size, false);
    fc_ink_grey(cr, 0.2);
    fc_text(cr, f->x + f->w / 2, f->y + f->h + 12 + tick_size + text_size, FC_MIDDLE, axis);
    fc_ink_grey(cr, 0);
    cairo_set_line_width(cr, 0.8);
    cairo_rectangle(cr, f->x, f->y, f->w, f->h);
    cairo_stroke(cr);
}

static void draw_strip(cairo_t *cr, const struct frame *f, const fc_boxplot *s, size_t ink, double y,
                       double thick)
{
    static const double at[] = {0.05, 0.25, 0.5, 0.75, 0.95, 0.99};
    double q[6], x[6];
    char text[32];

    if (!s->n)
        return;
    fc_sort(s->sample, s->n);
    for (int i = 0; i < 6; i++) {
        q[i] = fc_quantile(s->sample, s->n, at[i]);
        x[i] = x_of(f, q[i]);
    }
    fc_ink_colour(cr, ink, 1);
    cairo_set_line_width(cr, 1.2);
    line(cr, x[0], y, x[4], y);
    line(cr, x[5], y - thick * 0.4, x[5], y + thick * 0.4);
    fc_ink_colour(cr, ink, 0.35);
    cairo_rectangle(cr, x[1], y - thick / 2, x[3] - x[1] > 0.8 ? x[3] - x[1] : 0.8, thick);
    cairo_fill(cr);
    fc_ink_colour(cr, ink, 1);
    fc_ink_mark(cr, ink, x[2], y, thick * 0.38 < 3.2 ? thick * 0.38 : 3.2);
    snprintf(text, sizeof text, q[2] < 0.01 ? "%.2g" : q[2] < 10 ? "%.2f" : "%.1f", q[2]);
    fc_ink_grey(cr, 0);
    fc_font(cr, thick < 8 ? 7.5 : tick_size, false);
    fc_text(cr, f->x + f->w + 8, y + (thick < 8 ? 2.6 : 3.2), FC_LEFT, text);
}

void fc_boxplots_draw(cairo_t *cr, double width, double height, const char *title, const char *axis,
                      const fc_boxplot_group *group, size_t n)
{
    struct frame f = {.x = 64, .w = width - 64 - 56, .low = 300, .high = -300};
    const size_t rows = n ? group[0].n : 0;
    double y = 8 + title_size;

    fc_ink_grey(cr, 0);
    fc_font(cr, title_size, true);
    fc_text_fit(cr, 16, y, width - 32, title);
    y += 3;
    for (size_t k = 0; k < n; k++) {
        y += 15;
        fc_ink_colour(cr, k, 0.35);
        cairo_rectangle(cr, 16, y - 8, 30, 9);
        cairo_fill(cr);
        fc_ink_colour(cr, k, 1);
        fc_ink_mark(cr, k, 31, y - 3.5, 3.2);
        fc_ink_grey(cr, 0);
        fc_font(cr, text_size, false);
        fc_text_fit(cr, 53, y, width - 69, group[k].name);
        for (size_t i = 0; i < group[k].n; i++)
            for (size_t j = 0; j < group[k].strip[i].n; j++) {
                const double v = group[k].strip[i].sample[j];
                if (v <= 0)
                    continue;
                f.low = log10(v) < f.low ? log10(v) : f.low;
                f.high = log10(v) > f.high ? log10(v) : f.high;
            }
    }
    if (f.low > f.high)
        f.low = f.high = 0;
    f.low = floor(f.low);
    f.high = ceil(f.high) > f.low ? ceil(f.high) : f.low + 1;
    f.y = y + 14;
    f.h = height - f.y - 40;
    draw_axis(cr, &f, axis);
    fc_ink_grey(cr, 0);
    fc_font(cr, tick_size, false);
    fc_text(cr, f.x + f.w + 8, f.y - 4, FC_LEFT, "median");
    for (size_t i = 0; i < rows; i++) {
        const double row = f.h / (double)rows, each = row * 0.8 / (double)n,
                     thick = each * 0.62 < 12 ? each * 0.62 : 12;
        const double middle = f.y + row * ((double)i + 0.5);
        fc_ink_grey(cr, 0);
        fc_font(cr, text_size, false);
        fc_text(cr, f.x - 8, middle + 3.5, FC_RIGHT, group[0].strip[i].name);
        if (i) {
            fc_ink_grey(cr, 0.85);
            cairo_set_line_width(cr, 0.5);
            line(cr, f.x, f.y + row * (double)i, f.x + f.w, f.y + row * (double)i);
        }
        for (size_t k = 0; k < n; k++)
            draw_strip(cr, &f, &group[k].strip[i], k, middle + each * ((double)k - ((double)n - 1) / 2),
                       thick);
    }
}
