#include "plot/bars.h"

#include <math.h>
#include <stdio.h>

static const double title_size = 13, text_size = 10, tick_size = 9;

struct frame {
    double x, y, w, h, most;
};

static double length_of(const fc_bar *b)
{
    double sum = 0;

    for (size_t i = 0; i < b->n; i++)
        sum += b->part[i].length;
    return sum;
}

static void set_ink(cairo_t *cr, size_t ink)
{
    if (ink == FC_BAR_GREY)
        fc_ink_grey(cr, 0.75);
    else
        fc_ink_colour(cr, ink, 1);
}

/* One word of the legend at x, y, on the next line where it does not fit. */
static void draw_word(cairo_t *cr, double width, double *x, double *y, size_t ink, const char *text)
{
    const double wide = 14 + fc_text_width(cr, text) + 14;

    if (*x + wide > width && *x > 16) {
        *x = 16;
        *y += 14;
    }
    set_ink(cr, ink);
    cairo_rectangle(cr, *x, *y - 8, 9, 9);
    cairo_fill(cr);
    fc_ink_grey(cr, 0);
    fc_text(cr, *x + 14, *y, FC_LEFT, text);
    *x += wide;
}

/* Returns the base line of its last line. */
static double draw_legend(cairo_t *cr, double width, double y, const fc_bars *b)
{
    double x = 16;

    fc_font(cr, text_size, false);
    for (size_t i = 0; i < b->nlegend; i++)
        draw_word(cr, width - 16, &x, &y, i, b->legend[i]);
    if (b->grey)
        draw_word(cr, width - 16, &x, &y, FC_BAR_GREY, b->grey);
    return y;
}

/* 1, 2 or 5 times a power of ten: some five of them in most. */
static double tick_step(double most)
{
    const double rough = most / 5, unit = pow(10, floor(log10(rough)));

    return rough <= unit ? unit : rough <= 2 * unit ? 2 * unit : rough <= 5 * unit ? 5 * unit : 10 * unit;
}

static void draw_axis(cairo_t *cr, const struct frame *f, const char *axis)
{
    const double step = tick_step(f->most);
    char text[32];

    cairo_set_line_width(cr, 0.5);
    fc_font(cr, tick_size, false);
    for (int i = 0; i * step <= f->most * (1 + 1e-9); i++) {
        const double x = f->x + f->w * i * step / f->most;
        fc_ink_grey(cr, 0.85);
        cairo_move_to(cr, x, f->y);
        cairo_line_to(cr, x, f->y + f->h);
        cairo_stroke(cr);
        fc_ink_grey(cr, 0);
        snprintf(text, sizeof text, "%.10g", i * step);
        fc_text(cr, x, f->y + f->h + 4 + tick_size, FC_MIDDLE, text);
    }
    fc_ink_grey(cr, 0.2);
    fc_text(cr, f->x + f->w / 2, f->y + f->h + 12 + tick_size + text_size, FC_MIDDLE, axis);
}

static void draw_bar(cairo_t *cr, const struct frame *f, const fc_bar *b, double top, double thick)
{
    double x = f->x;

    for (size_t i = 0; i < b->n; i++) {
        const double w = f->w * b->part[i].length / f->most;
        set_ink(cr, b->part[i].ink);
        cairo_rectangle(cr, x, top, w, thick);
        cairo_fill(cr);
        if (w > 2) { /* a gap, so that neighbours of one colour are two */
            cairo_set_source_rgb(cr, 1, 1, 1);
            cairo_rectangle(cr, x + w - 0.5, top, 0.5, thick);
            cairo_fill(cr);
        }
        x += w;
    }
    fc_ink_grey(cr, 0);
    if (b->mark > 0) {
        cairo_rectangle(cr, f->x + f->w * b->mark / f->most - 0.75, top - 2, 1.5, thick + 4);
        cairo_fill(cr);
    }
    fc_font(cr, text_size, false);
    fc_text(cr, f->x - 8, top + thick / 2 + 3.5, FC_RIGHT, b->name);
    fc_text(cr, f->x + f->w + 8, top + thick / 2 + 3.5, FC_LEFT, b->note);
}

void fc_bars_draw(cairo_t *cr, double width, double height, const fc_bars *b)
{
    struct frame f = {.most = 0};
    double names = 0, notes, y = 8 + title_size;

    fc_ink_grey(cr, 0);
    fc_font(cr, title_size, true);
    fc_text_fit(cr, 16, y, width - 32, b->title);
    fc_font(cr, text_size, false);
    notes = fc_text_width(cr, b->notes);
    for (size_t i = 0; i < b->n; i++) {
        const double wide = fc_text_width(cr, b->bar[i].name), note = fc_text_width(cr, b->bar[i].note);
        const double length = fmax(length_of(&b->bar[i]), b->bar[i].mark);
        names = wide > names ? wide : names;
        notes = note > notes ? note : notes;
        f.most = length > f.most ? length : f.most;
    }
    if (!(f.most > 0))
        f.most = 1;
    y = draw_legend(cr, width, y + 18, b);
    f.x = 16 + names + 8;
    f.w = width - f.x - notes - 8 - 12;
    f.y = y + 22;
    f.h = height - f.y - 40;
    if (f.w < 20 || f.h < 20)
        return;
    fc_ink_grey(cr, 0.2);
    fc_font(cr, tick_size, false);
    fc_text(cr, f.x + f.w + 8, f.y - 4, FC_LEFT, b->notes);
    draw_axis(cr, &f, b->axis);
    const double row = f.h / (double)b->n, thick = row * 0.72 < 22 ? row * 0.72 : 22;
    for (size_t i = 0; i < b->n; i++)
        draw_bar(cr, &f, &b->bar[i], f.y + row * ((double)i + 0.5) - thick / 2, thick);
}
