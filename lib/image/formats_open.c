#include "image/formats_open.h"

#include "base/error.h"
#include "base/module.h"
#include "image/formats.h"
#include "image/header.h"

static fc_module module = FC_MODULE("formats", NULL);

/* One picture on its way from the module into an image. */
typedef struct passage {
    fc_image *img;
    const fc_source *src;
    fc_error *err;
    fc_rows rows;
    int orientation; /* where it does not stand in what the module reads; 0: it does */
    int frames;
    bool refused; /* with a message */
} passage;

static fc_status begin(void *ctx, const fc_picture_facts *f)
{
    passage *p = ctx;
    fc_status s = fc_source_check_size(p->src, f->w, f->h, p->err);

    if (!s)
        s = fc_source_check_size(p->src, f->tile_w, f->tile_h, p->err);
    if (!s)
        s = fc_source_claim(p->src, f->decoder, fc_rows_bytes(p->src, f->w, f->h, f->w, f->h), p->err);
    p->frames = f->frames;
    if (!s)
        s = fc_rows_begin(&p->rows, p->img, p->src, (int)f->w, (int)f->h, (int)f->w, (int)f->h, 8, f->layout,
                          p->src->opt->keep_orientation ? 1
                          : p->orientation              ? p->orientation
                                                        : f->orientation,
                          p->err);
    p->refused = s != FC_OK;
    return s;
}

static void put_row(void *ctx, const void *row)
{
    fc_rows_put(&((passage *)ctx)->rows, row);
}

fc_status fc_formats_decode(fc_image *img, const fc_source *src, fc_format format, fc_error *err)
{
    passage p = {.img = img, .src = src, .err = err};
    const fc_picture_sink sink = {.begin = begin, .row = put_row, .ctx = &p};
    const fc_formats_api *api;
    char why[200] = "damaged";
    fc_error fault;
    fc_header h;
    fc_status s = fc_header_read(&h, src, format, err);

    if (s)
        return s;
    if ((s = fc_module_need(&module, &fault)))
        return fc_fail(err, s, "%s: %s picture: %s", src->name, fc_format_name(format), fault.message);
    api = module.table;
    if (format == FC_FORMAT_WEBP)
        p.orientation = h.orientation;
    s = (format == FC_FORMAT_WEBP ? api->webp : api->tiff)(src->bytes, src->n, &sink, why, sizeof why);
    if (s && !p.refused)
        s = fc_fail(err, s, "%s: %s: %s", src->name, fc_format_name(format), why);
    fc_rows_end(&p.rows);
    img->frames = s ? 0 : p.frames;
    return s;
}
