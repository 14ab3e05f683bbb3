#include "plot/cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "facecheck.h"
#include "plot/canvas.h"
#include "plot/ink.h"
#include "plot/picture.h"

/* In points. */
static const double side = 250, gap = 10, caption = 36;

/* Instead of a picture: why it is not there. */
static void draw_absence(cairo_t *cr, fc_eval_cause why, double x, double y)
{
    fc_ink_grey(cr, 0.93);
    cairo_rectangle(cr, x, y, side, side);
    cairo_fill(cr);
    fc_ink_grey(cr, 0.25);
    fc_font(cr, 10, false);
    fc_text_fit(cr, x + 8, y + side / 2, side - 16, fc_eval_cause_name(why ? why : FC_CAUSE_NOT_DECODED));
}

/* The picture, whole, in a square at x, with a box around the face. */
static void draw_picture(cairo_t *cr, const fc_image_options *decoding, const fc_eval_picture *im, double x,
                         double y, size_t ink)
{
    fc_image img = {0};

    if (fc_image_load(&img, im->path, decoding, NULL)) {
        draw_absence(cr, im->missing, x, y);
        return;
    }
    const double scale = fmin(side / img.w, side / img.h), w = img.w * scale, h = img.h * scale;
    cairo_surface_t *s = fc_picture_surface(&img);
    cairo_save(cr);
    cairo_translate(cr, x + (side - w) / 2, y + (side - h) / 2);
    cairo_scale(cr, scale, scale);
    cairo_set_source_surface(cr, s, 0, 0);
    cairo_paint(cr);
    if (!im->missing) {
        const double *b = im->face.box;
        cairo_rectangle(cr, b[0], b[1], b[2], b[3]);
        cairo_set_source_rgb(cr, 1, 1, 1);
        cairo_set_line_width(cr, 4 / scale);
        cairo_stroke_preserve(cr);
        fc_ink_colour(cr, ink, 1);
        cairo_set_line_width(cr, 2 / scale);
        cairo_stroke(cr);
    }
    cairo_restore(cr);
    cairo_surface_destroy(s);
    fc_image_clear(&img);
}

static fc_status draw_name(cairo_t *cr, const char *path, double x, double y, fc_error *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *shown = fc_text_escape(name, strlen(name));

    if (!shown)
        return fc_fail_nomem(err, strlen(name) + 1);
    fc_ink_grey(cr, 0);
    fc_font(cr, 10, true);
    fc_text_fit(cr, x, y, side, shown);
    free(shown);
    return FC_OK;
}

static void draw_verdict(cairo_t *cr, const fc_eval_case *c)
{
    const char *who = c->same ? "same person" : "different people", *cause = fc_eval_cause_name(c->cause);
    const char *right = fc_accepts(c->score, c->threshold) ? "match, right" : "no match, right";
    char text[160];

    if (isfinite(c->score))
        snprintf(text, sizeof text, "%s; score %.4f, threshold %.4f: %s", who, c->score, c->threshold,
                 c->cause ? cause : right);
    else
        snprintf(text, sizeof text, "%s; no score: %s", who,
                 c->cause ? cause : "answered rightly all the same");
    fc_ink_grey(cr, 0.25);
    fc_font(cr, 10, false);
    fc_text_fit(cr, gap, gap + side + 30, 2 * side + gap, text);
}

static fc_status draw_case(cairo_t *cr, const fc_eval_set *set, const fc_eval_case *c,
                           const fc_image_options *decoding, fc_error *err)
{
    const size_t picture[2] = {c->a, c->b};
    fc_status s = FC_OK;

    for (int k = 0; !s && k < 2; k++) {
        const fc_eval_picture *im = &set->picture[picture[k]];
        const double x = gap + k * (side + gap);
        draw_picture(cr, decoding, im, x, gap, c->same ? 0 : 1);
        s = draw_name(cr, im->path, x, gap + side + 15, err);
    }
    draw_verdict(cr, c);
    return s;
}

fc_status fc_case_png(fc_bytes *out, const fc_eval_set *set, const fc_eval_case *c,
                      const fc_image_options *decoding, double scale, fc_error *err)
{
    fc_canvas *canvas;
    fc_status s = fc_canvas_new(&canvas, FC_PAGE_PNG, 2 * side + 3 * gap, side + caption + gap, scale, err);

    if (s)
        return s;
    if (!(s = draw_case(fc_canvas_cairo(canvas), set, c, decoding, err)))
        return fc_canvas_finish(canvas, out, err);
    fc_canvas_free(canvas);
    return s;
}
