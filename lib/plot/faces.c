#include "plot/faces.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plot/picture.h"

typedef struct colour {
    double r, g, b;
} colour;

/* Okabe and Ito's palette, made to be told apart by colour-blind people. */
static const colour verdict_colour[] = {
    [FC_FACE_FOUND] = {0.34, 0.71, 0.91}, /* sky blue */
    [FC_FACE_YES] = {0.94, 0.89, 0.26},   /* yellow */
    [FC_FACE_NO] = {0.84, 0.37, 0.00},    /* vermillion */
};

typedef struct rect {
    double x, y, w, h;
} rect;

typedef struct canvas {
    cairo_t *cr;
    double w, h;       /* of the picture */
    double line, text; /* width of lines, height of text */
    rect *taken;       /* boxes of the faces, then labels so far */
    size_t ntaken;
} canvas;

static double overlap(rect a, rect b)
{
    double w = fmin(a.x + a.w, b.x + b.w) - fmax(a.x, b.x);
    double h = fmin(a.y + a.h, b.y + b.h) - fmax(a.y, b.y);
    return w > 0 && h > 0 ? w * h : 0;
}

static double clamp(double v, double low, double high)
{
    return fmax(low, fmin(v, high));
}

static void set_colour(cairo_t *cr, colour c, double alpha)
{
    cairo_set_source_rgba(cr, c.r, c.g, c.b, alpha);
}

static void rounded(cairo_t *cr, rect r, double radius)
{
    radius = fmin(radius, fmin(r.w, r.h) / 2);
    cairo_new_path(cr);
    cairo_arc(cr, r.x + r.w - radius, r.y + radius, radius, -M_PI / 2, 0);
    cairo_arc(cr, r.x + r.w - radius, r.y + r.h - radius, radius, 0, M_PI / 2);
    cairo_arc(cr, r.x + radius, r.y + r.h - radius, radius, M_PI / 2, M_PI);
    cairo_arc(cr, r.x + radius, r.y + radius, radius, M_PI, 1.5 * M_PI);
    cairo_close_path(cr);
}

/* A coloured line between two dark edges, to be seen on any ground. */
static void stroke_seen(const canvas *c, colour col, double width, bool dashed)
{
    double dash[] = {5 * width, 3 * width};

    cairo_set_source_rgba(c->cr, 0, 0, 0, 0.55);
    cairo_set_line_width(c->cr, 2 * width);
    cairo_stroke_preserve(c->cr);
    cairo_set_dash(c->cr, dash, dashed ? 2 : 0, 0);
    set_colour(c->cr, col, 1);
    cairo_set_line_width(c->cr, width);
    cairo_stroke(c->cr);
    cairo_set_dash(c->cr, NULL, 0, 0);
}

static void draw_landmarks(const canvas *c, const fc_face *f, colour col)
{
    double radius = clamp(0.022 * f->box[2], 1.2, 1.6 * c->line);

    for (int i = 0; i < 5; i++) {
        cairo_new_path(c->cr);
        cairo_arc(c->cr, f->landmarks[i][0] + 0.5, f->landmarks[i][1] + 0.5, radius, 0, 2 * M_PI);
        cairo_set_source_rgba(c->cr, 0, 0, 0, 0.65);
        cairo_set_line_width(c->cr, radius);
        cairo_stroke_preserve(c->cr);
        set_colour(c->cr, col, 1);
        cairo_fill(c->cr);
    }
}

/* Text on a plate of colour at the plate's place. */
static void draw_plate(const canvas *c, rect plate, const char *text, colour col)
{
    cairo_text_extents_t e;
    cairo_font_extents_t f;
    double luminance = 0.2126 * col.r + 0.7152 * col.g + 0.0722 * col.b;

    rounded(c->cr, plate, 0.2 * plate.h);
    set_colour(c->cr, col, 0.92);
    cairo_fill(c->cr);
    cairo_text_extents(c->cr, text, &e);
    cairo_font_extents(c->cr, &f);
    colour ink = luminance > 0.4 ? (colour){0, 0, 0} : (colour){1, 1, 1};
    set_colour(c->cr, ink, 1);
    cairo_move_to(c->cr, plate.x + (plate.w - e.width) / 2 - e.x_bearing,
                  plate.y + (plate.h + f.ascent - f.descent) / 2);
    cairo_show_text(c->cr, text);
}

static rect plate_size(const canvas *c, const char *text, double height)
{
    cairo_text_extents_t e;
    cairo_font_extents_t f;

    cairo_set_font_size(c->cr, height);
    cairo_text_extents(c->cr, text, &e);
    cairo_font_extents(c->cr, &f);
    return (rect){.w = e.width + 0.7 * height, .h = f.ascent + f.descent + 0.1 * height};
}

/* The label goes where it covers least of faces and of other labels: above the box, below it, beside it, in
 * it. */
static rect place(const canvas *c, rect box, rect plate)
{
    double gap = c->line;
    const rect try[] = {
        {box.x - gap, box.y - plate.h - gap, plate.w, plate.h},
        {box.x + box.w + gap - plate.w, box.y - plate.h - gap, plate.w, plate.h},
        {box.x - gap, box.y + box.h + gap, plate.w, plate.h},
        {box.x + box.w + gap - plate.w, box.y + box.h + gap, plate.w, plate.h},
        {box.x + box.w + 2 * gap, box.y, plate.w, plate.h},
        {box.x - plate.w - 2 * gap, box.y, plate.w, plate.h},
        {box.x + gap, box.y + gap, plate.w, plate.h},
    };
    double least = INFINITY;
    rect best = try[0];

    for (size_t i = 0; i < sizeof try / sizeof *try; i++) {
        rect r = try[i];
        double cost = 0.01 * (double)i * r.w * r.h;
        r.x = clamp(r.x, 0, fmax(0, c->w - r.w));
        r.y = clamp(r.y, 0, fmax(0, c->h - r.h));
        for (size_t k = 0; k < c->ntaken; k++)
            cost += overlap(r, c->taken[k]);
        if (cost < least) {
            least = cost;
            best = r;
        }
    }
    return best;
}

static void draw_mark_label(canvas *c, const fc_face_mark *m, rect box)
{
    double height = clamp(0.16 * fmin(box.w, box.h), 0.6 * c->text, c->text);
    rect plate = place(c, box, plate_size(c, m->label, height));

    draw_plate(c, plate, m->label, verdict_colour[m->verdict]);
    c->taken[c->ntaken++] = plate;
}

static void draw_all(canvas *c, const fc_face_mark *mark, size_t n, const char *note)
{
    cairo_select_font_face(c->cr, "sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
    cairo_set_line_join(c->cr, CAIRO_LINE_JOIN_ROUND);
    for (size_t i = 0; i < n; i++) {
        const double *b = mark[i].face.box;
        rect box = {b[0], b[1], b[2], b[3]};
        double width = clamp(0.02 * fmin(box.w, box.h), fmax(1, 0.6 * c->line), c->line);
        c->taken[c->ntaken++] = box;
        rounded(c->cr, (rect){b[0] + 0.5, b[1] + 0.5, b[2], b[3]}, 0.04 * fmin(b[2], b[3]));
        stroke_seen(c, verdict_colour[mark[i].verdict], width, mark[i].verdict == FC_FACE_NO);
        if (mark[i].face.has_landmarks)
            draw_landmarks(c, &mark[i].face, verdict_colour[mark[i].verdict]);
    }
    for (size_t i = 0; i < n; i++)
        if (mark[i].label)
            draw_mark_label(c, &mark[i], c->taken[i]);
    if (note) {
        rect plate = plate_size(c, note, c->text);
        plate.x = plate.y = 0.5 * c->text;
        draw_plate(c, plate, note, (colour){0, 0, 0});
    }
}

/* Coordinates of the full picture to those of the pixels held; cairo's have 24 bits before the point. */
static fc_face scaled(fc_face f, double sx, double sy)
{
    const double far = 1e5;

    for (int i = 0; i < 4; i++)
        f.box[i] = clamp(f.box[i] * (i % 2 ? sy : sx), -far, far);
    for (int i = 0; i < 5; i++) {
        f.landmarks[i][0] = clamp((f.landmarks[i][0] + 0.5) * sx - 0.5, -far, far);
        f.landmarks[i][1] = clamp((f.landmarks[i][1] + 0.5) * sy - 0.5, -far, far);
    }
    return f;
}

fc_status fc_faces_draw(fc_image *img, const fc_face_mark *mark, size_t n, const char *note, double size,
                        fc_error *err)
{
    double sx = (double)img->w / img->full_w, sy = (double)img->h / img->full_h;
    double side = fmax(img->w, img->h);
    cairo_surface_t *surface = fc_picture_surface(img);
    fc_face_mark *m = calloc(n + 1, sizeof *m);
    rect *taken = calloc(2 * n + 1, sizeof *taken);
    canvas c = {.cr = cairo_create(surface), .w = img->w, .h = img->h, .taken = taken};
    fc_status s = FC_OK;

    if (!m || !taken) {
        s = fc_fail_nomem(err, n * sizeof *m);
        goto out;
    }
    c.line = size * fmax(1.5, side / 340);
    c.text = size * fmax(11, side / 42);
    for (size_t i = 0; i < n; i++) {
        m[i] = mark[i];
        m[i].face = scaled(mark[i].face, sx, sy);
    }
    if (!cairo_status(c.cr)) {
        draw_all(&c, m, n, note);
        fc_picture_read(img, surface);
    }
    if (cairo_status(c.cr))
        s = fc_fail(err, FC_EUNSUPPORTED, "cannot draw on %dx%d pixels: %s", img->w, img->h,
                    cairo_status_to_string(cairo_status(c.cr)));
out:
    cairo_destroy(c.cr);
    cairo_surface_destroy(surface);
    free(taken);
    free(m);
    return s;
}
