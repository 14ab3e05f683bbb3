#include "plot/canvas.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/grow.h"
#include "plot/ink.h"

struct fc_canvas {
    fc_page_format format;
    cairo_surface_t *surface;
    cairo_t *cr;
    uint8_t *data;
    size_t n, cap;
};

fc_status fc_page_format_of(fc_page_format *out, const char *path, fc_error *err)
{
    static const char *const names[] = {
        [FC_PAGE_SVG] = ".svg", [FC_PAGE_PNG] = ".png", [FC_PAGE_PDF] = ".pdf"};
    const char *dot = strrchr(path, '.');

    for (int i = 0; dot && i < 3; i++)
        if (!strcasecmp(dot, names[i])) {
            *out = (fc_page_format)i;
            return FC_OK;
        }
    return fc_fail(err, FC_EUSAGE, "%s: want a name that ends with .svg, .png or .pdf", path);
}

static cairo_status_t take(void *closure, const unsigned char *data, unsigned int n)
{
    fc_canvas *c = closure;

    if (fc_grow(&c->data, c->n + n + (c->n ? 0 : 4096), &c->cap, 1, NULL))
        return CAIRO_STATUS_NO_MEMORY;
    memcpy(c->data + c->n, data, n);
    c->n += n;
    return CAIRO_STATUS_SUCCESS;
}

static fc_status check(cairo_status_t s, fc_error *err)
{
    if (s == CAIRO_STATUS_SUCCESS)
        return FC_OK;
    return fc_fail(err, s == CAIRO_STATUS_NO_MEMORY ? FC_ENOMEM : FC_EIO, "drawing: %s",
                   cairo_status_to_string(s));
}

fc_status fc_canvas_new(fc_canvas **out, fc_page_format format, double width, double height, double scale,
                        fc_error *err)
{
    fc_canvas *c = calloc(1, sizeof *c);
    fc_status s;

    *out = NULL;
    if (!c)
        return fc_fail_nomem(err, sizeof *c);
    c->format = format;
    if (format == FC_PAGE_PNG) {
        c->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(width * scale + 0.5),
                                                (int)(height * scale + 0.5));
    } else if (format == FC_PAGE_SVG) {
        c->surface = cairo_svg_surface_create_for_stream(take, c, width, height);
    } else {
        c->surface = cairo_pdf_surface_create_for_stream(take, c, width, height);
        cairo_pdf_surface_set_metadata(c->surface, CAIRO_PDF_METADATA_CREATE_DATE,
                                       ""); /* so that bytes repeat */
    }
    c->cr = cairo_create(c->surface);
    if (format == FC_PAGE_PNG)
        cairo_scale(c->cr, scale, scale);
    cairo_set_source_rgb(c->cr, 1, 1, 1);
    cairo_paint(c->cr);
    s = fc_ink_status(c->cr, err);
    if (s)
        fc_canvas_free(c);
    else
        *out = c;
    return s;
}

cairo_t *fc_canvas_cairo(const fc_canvas *c)
{
    return c->cr;
}

fc_status fc_canvas_finish(fc_canvas *c, fc_bytes *out, fc_error *err)
{
    fc_status s = fc_ink_status(c->cr, err);

    *out = (fc_bytes){0};
    if (!s && c->format == FC_PAGE_PNG)
        s = check(cairo_surface_write_to_png_stream(c->surface, take, c), err);
    cairo_surface_finish(c->surface);
    if (!s)
        s = check(cairo_surface_status(c->surface), err);
    if (!s) {
        *out = (fc_bytes){c->data, c->n};
        c->data = NULL;
    }
    fc_canvas_free(c);
    return s;
}

fc_status fc_canvas_save(fc_canvas *c, const char *path, fc_error *err)
{
    fc_bytes page;
    fc_atomic_file f;
    fc_status s = fc_canvas_finish(c, &page, err);

    if (s)
        return s;
    if (!(s = fc_atomic_open(&f, path, err))) {
        if (fwrite(page.data, 1, page.n, f.f) != page.n) {
            s = fc_fail_errno(err, path);
            fc_atomic_discard(&f);
        } else {
            s = fc_atomic_commit(&f, err);
        }
    }
    fc_bytes_clear(&page);
    return s;
}

void fc_canvas_free(fc_canvas *c)
{
    if (!c)
        return;
    cairo_destroy(c->cr);
    cairo_surface_destroy(c->surface);
    free(c->data);
    free(c);
}
