#include "plot/ink.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

static const double colours[FC_INKS][3] = {
    {0x00, 0x72, 0xB2}, /* blue */
    {0xD5, 0x5E, 0x00}, /* vermilion */
    {0x00, 0x9E, 0x73}, /* bluish green */
    {0xCC, 0x79, 0xA7}, /* reddish purple */
    {0x00, 0x00, 0x00}, /* black */
    {0xE6, 0x9F, 0x00}, /* orange */
    {0x56, 0xB4, 0xE9}, /* sky blue */
};

void fc_ink_colour(cairo_t *cr, size_t i, double alpha)
{
    const double *c = colours[i % FC_INKS];
    cairo_set_source_rgba(cr, c[0] / 255, c[1] / 255, c[2] / 255, alpha);
}

void fc_ink_grey(cairo_t *cr, double lightness)
{
    cairo_set_source_rgb(cr, lightness, lightness, lightness);
}

void fc_ink_dash(cairo_t *cr, size_t i)
{
    static const struct {
        int n;
        double length[6];
    } dashes[FC_INKS] = {
        {0, {0}},      {2, {6, 3}},
        {2, {1.5, 2}}, {4, {8, 3, 1.5, 3}},
        {2, {12, 3}},  {6, {6, 2, 1.5, 2, 1.5, 2}},
        {2, {3, 1.5}},
    };
    cairo_set_dash(cr, dashes[i % FC_INKS].length, dashes[i % FC_INKS].n, 0);
}

static void polygon(cairo_t *cr, double x, double y, double r, int corners, double turn, double inner)
{
    const int n = inner > 0 ? 2 * corners : corners;

    for (int k = 0; k < n; k++) {
        double a = 2 * M_PI * (k + turn) / n - M_PI / 2, d = inner > 0 && k % 2 ? r * inner : r;
        cairo_line_to(cr, x + d * cos(a), y + d * sin(a));
    }
    cairo_close_path(cr);
}

void fc_ink_mark(cairo_t *cr, size_t i, double x, double y, double radius)
{
    cairo_new_path(cr);
    switch (i % FC_INKS) {
    case 0:
        cairo_arc(cr, x, y, radius, 0, 2 * M_PI);
        break;
    case 1:
        polygon(cr, x, y, radius * 1.25, 4, 0.5, 0); /* square */
        break;
    case 2:
        polygon(cr, x, y, radius * 1.4, 3, 0, 0);
        break;
    case 3:
        polygon(cr, x, y, radius * 1.35, 4, 0, 0); /* diamond */
        break;
    case 4:
        polygon(cr, x, y, radius * 1.4, 3, 1.5, 0);
        break;
    case 5:
        polygon(cr, x, y, radius * 1.5, 5, 0, 0.45); /* star */
        break;
    default:
        polygon(cr, x, y, radius * 1.45, 4, 0, 0.4); /* cross-like star */
        break;
    }
    cairo_fill(cr);
}

void fc_font(cairo_t *cr, double size, bool bold)
{
    cairo_select_font_face(cr, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, size);
}

/* Nothing is drawn any more, and cairo's status, which it has for dashes of a length below zero, tells. */
static void run_out(cairo_t *cr)
{
    cairo_set_dash(cr, (const double[]){-1}, 1, 0);
}

fc_status fc_ink_status(cairo_t *cr, fc_error *err)
{
    const cairo_status_t s = cairo_status(cr);

    if (s == CAIRO_STATUS_SUCCESS)
        return FC_OK;
    if (s == CAIRO_STATUS_INVALID_DASH || s == CAIRO_STATUS_NO_MEMORY)
        return fc_fail(err, FC_ENOMEM, "drawing: out of memory");
    return fc_fail(err, FC_EIO, "drawing: %s", cairo_status_to_string(s));
}

/* Names of people and files: cairo would draw nothing more after one byte that is not UTF-8. */
static void with_text(cairo_t *cr, const char *text, void (*draw)(cairo_t *cr, const char *text))
{
    char *plain = fc_text_escape(text, strlen(text));
    if (plain)
        draw(cr, plain);
    else
        run_out(cr);
    free(plain);
}

double fc_text_width(cairo_t *cr, const char *text)
{
    cairo_text_extents_t e = {0};
    char *plain = fc_text_escape(text, strlen(text));

    if (plain)
        cairo_text_extents(cr, plain, &e);
    else
        run_out(cr);
    free(plain);
    return e.x_advance;
}

static double start_of(cairo_t *cr, double x, fc_anchor anchor, const char *text)
{
    return anchor == FC_LEFT ? x : x - fc_text_width(cr, text) * (anchor == FC_MIDDLE ? 0.5 : 1);
}

void fc_text(cairo_t *cr, double x, double y, fc_anchor anchor, const char *text)
{
    cairo_move_to(cr, start_of(cr, x, anchor, text), y);
    with_text(cr, text, cairo_show_text);
    cairo_new_path(cr);
}

void fc_text_halo(cairo_t *cr, double x, double y, fc_anchor anchor, const char *text)
{
    cairo_move_to(cr, start_of(cr, x, anchor, text), y);
    cairo_save(cr);
    with_text(cr, text, cairo_text_path);
    cairo_set_source_rgba(cr, 1, 1, 1, 0.9);
    cairo_set_line_width(cr, 3);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_dash(cr, NULL, 0, 0);
    cairo_stroke(cr);
    cairo_restore(cr);
    fc_text(cr, x, y, anchor, text);
}

void fc_text_fit(cairo_t *cr, double x, double y, double width, const char *text)
{
    char *cut;
    size_t n = strlen(text);

    if (fc_text_width(cr, text) <= width) {
        fc_text(cr, x, y, FC_LEFT, text);
        return;
    }
    cut = malloc(n + 4);
    if (!cut) {
        run_out(cr);
        return;
    }
    memcpy(cut, text, n + 1);
    do {
        while (n > 0 && ((unsigned char)cut[n - 1] & 0xC0) == 0x80) /* whole characters */
            n--;
        n -= n > 0;
        strcpy(cut + n, "\xE2\x80\xA6");
    } while (n > 0 && fc_text_width(cr, cut) > width);
    fc_text(cr, x, y, FC_LEFT, cut);
    free(cut);
}
