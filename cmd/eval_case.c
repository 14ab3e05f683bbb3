#include "eval_case.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/outputs.h"
#include "base/text.h"
#include "eval_page.h"
#include "plot/canvas.h"
#include "plot/ink.h"
#include "plot/picture.h"
#include "say.h"

/* In points. */
static const double side = 250, gap = 10, caption = 36;

/* The picture, whole, in a square at x, with a box around the face. */
static void draw_picture(cairo_t *cr, const fc_image_options *decoding, const fc_template_image *im, double x,
                         double y, size_t ink)
{
    fc_image img = {0};
    fc_error fault;

    if (fc_image_load(&img, im->path, decoding, &fault)) {
        fc_ink_grey(cr, 0.93);
        cairo_rectangle(cr, x, y, side, side);
        cairo_fill(cr);
        fc_ink_grey(cr, 0.25);
        fc_font(cr, 10, false);
        fc_text_fit(
            cr, x + 8, y + side / 2, side - 16,
            fc_template_state_name(im->state == FC_TEMPLATE_MADE ? FC_TEMPLATE_NOT_DECODED : im->state));
        return;
    }
    const double scale = fmin(side / img.w, side / img.h), w = img.w * scale, h = img.h * scale;
    cairo_surface_t *s = fc_picture_surface(&img);
    cairo_save(cr);
    cairo_translate(cr, x + (side - w) / 2, y + (side - h) / 2);
    cairo_scale(cr, scale, scale);
    cairo_set_source_surface(cr, s, 0, 0);
    cairo_paint(cr);
    if (im->state == FC_TEMPLATE_MADE) {
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

static void draw_name(cairo_t *cr, const char *path, double x, double y)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *shown = fc_text_escape(name, strlen(name));

    if (!shown)
        end_without_memory();
    fc_ink_grey(cr, 0);
    fc_font(cr, 10, true);
    fc_text_fit(cr, x, y, side, shown);
    free(shown);
}

static void draw_case(cairo_t *cr, const evaluation *e, const eval_case *c)
{
    const fc_image_options decoding = fc_stages_showing(e->stages);
    const bool yes = fc_accepts(c->score, c->threshold);
    char text[160];

    draw_picture(cr, &decoding, &e->t.image[c->a], gap, gap, c->same ? 0 : 1);
    draw_picture(cr, &decoding, &e->t.image[c->b], 2 * gap + side, gap, c->same ? 0 : 1);
    draw_name(cr, e->t.image[c->a].path, gap, gap + side + 15);
    draw_name(cr, e->t.image[c->b].path, 2 * gap + side, gap + side + 15);
    if (isfinite(c->score))
        snprintf(text, sizeof text, "%s; score %.4f, threshold %.4f: %s",
                 c->same ? "same person" : "different people", c->score, c->threshold,
                 c->cause ? c->cause
                 : yes    ? "match, right"
                          : "no match, right");
    else
        snprintf(text, sizeof text, "%s; no score: %s", c->same ? "same person" : "different people",
                 c->cause ? c->cause : "answered rightly all the same");
    fc_ink_grey(cr, 0.25);
    fc_font(cr, 10, false);
    fc_text_fit(cr, gap, gap + side + 30, 2 * side + gap, text);
}

fc_status eval_case_png(fc_bytes *out, const evaluation *e, const eval_case *c, double scale, fc_error *err)
{
    fc_canvas *canvas;
    fc_status s = fc_canvas_new(&canvas, FC_PAGE_PNG, 2 * side + 3 * gap, side + caption + gap, scale, err);

    if (s)
        return s;
    draw_case(fc_canvas_cairo(canvas), e, c);
    return fc_canvas_finish(canvas, out, err);
}

/* Caller frees. */
static char *worst_path(const char *dir, size_t i)
{
    char *path;
    return asprintf(&path, "%s/%03zu.png", dir, i + 1) < 0 ? NULL : path;
}

fc_status eval_worst_outputs(size_t n, const char *dir, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < n; i++) {
        char *path = worst_path(dir, i);
        if (!path)
            s = fc_fail_nomem(err, strlen(dir) + 1);
        else if (!access(path, F_OK)) /* what is not there cannot be lost */
            s = fc_outputs_add(path, err);
        free(path);
    }
    return s;
}

static fc_status write_case(const evaluation *e, size_t i, const char *dir, fc_error *err)
{
    fc_bytes png = {0};
    fc_atomic_file f;
    char *path = worst_path(dir, i);
    fc_status s;

    if (!path)
        return fc_fail_nomem(err, strlen(dir) + 1);
    if (!(s = eval_case_png(&png, e, &e->cases[i], 1.5, err)) && !(s = fc_atomic_open(&f, path, err))) {
        if (fwrite(png.data, 1, png.n, f.f) == png.n) {
            s = fc_atomic_commit(&f, err);
        } else {
            s = fc_fail_errno(err, path);
            fc_atomic_discard(&f);
        }
    }
    fc_bytes_clear(&png);
    free(path);
    return s;
}

fc_status eval_write_worst(evaluation *e, size_t n, const char *dir, fc_error *err)
{
    fc_status s = fc_make_folder(dir, 0777, err);

    if (!s && !e->args->force)
        s = fc_outputs_keep_folder(dir, err);
    for (size_t i = 0; i < n && i < e->ncases && !s; i++) {
        s = write_case(e, i, dir, err);
        if (s == FC_EEXISTS) {
            e->unwritten++;
            say("%s", err->message);
            s = FC_OK;
        }
    }
    return s;
}
