#include "image/formats_open.h"

#include "base/error.h"
#include "base/module.h"
#include "image/formats.h"
#include "image/header.h"

static fc_module formats = FC_MODULE("formats", NULL);
#ifdef FC_HAVE_HEIF
static fc_module heif = FC_MODULE("heif", NULL);
#else
static fc_module heif = FC_MODULE("heif", "this facecheck was built without libheif");
#endif

/* One picture on its way from the module into an image. */
typedef struct passage {
    fc_image *img;
    const fc_source *src;
    fc_error *err;
    fc_rows rows;
    fc_header header; /* JPEG 2000, WebP, TIFF */
    fc_format format;
    int orientation; /* where it does not stand in what the module reads; 0: it does */
    int frames;
    bool refused; /* with a message */
} passage;

/* What OpenJPEG holds besides the picture that becomes of it: the samples of each component as 32-bit integers, and half
 * as much for its bands; those of a tile, too; and notes about each tile. */
static uint64_t jp2_bytes(const fc_header *h)
{
    enum { TILE_NOTES = 6000 };

    return h->w * h->h * h->components * 6 + (h->tiles > 1 ? h->tile * h->components * 4 : 0) +
           h->tiles * TILE_NOTES;
}

static fc_status check_header(const passage *p, const fc_picture_facts *f)
{
    if (p->format != FC_FORMAT_JP2 || (f->w == p->header.w && f->h == p->header.h))
        return FC_OK;
    return fc_fail(p->err, FC_ECORRUPT, "%s: the %s states %llu x %llu pixels and holds %llu x %llu",
                   p->src->name, fc_format_name(p->format), (unsigned long long)p->header.w,
                   (unsigned long long)p->header.h, (unsigned long long)f->w, (unsigned long long)f->h);
}

static fc_status begin(void *ctx, const fc_picture_facts *f)
{
    passage *p = ctx;
    fc_status s = fc_source_check_size(p->src, f->w, f->h, p->err);

    if (!s)
        s = check_header(p, f);
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

static bool is_heif(fc_format f)
{
    return f == FC_FORMAT_HEIC || f == FC_FORMAT_AVIF;
}

static fc_picture_decode_fn *decoder_of(fc_format f)
{
    const fc_formats_api *api = formats.table;

    if (is_heif(f))
        return ((const fc_heif_api *)heif.table)->decode;
    return f == FC_FORMAT_WEBP ? api->webp : f == FC_FORMAT_JP2 ? api->jp2 : api->tiff;
}

fc_status fc_formats_decode(fc_image *img, const fc_source *src, fc_format format, fc_error *err)
{
    passage p = {.img = img, .src = src, .err = err, .format = format};
    const fc_picture_sink sink = {.begin = begin, .row = put_row, .ctx = &p};
    char why[200] = "damaged";
    fc_error fault;
    fc_status s = is_heif(format) ? FC_OK : fc_header_read(&p.header, src, format, err);

    if (!s && format == FC_FORMAT_JP2) /* OpenJPEG allocates as it reads the header */
        s = fc_source_claim(src, jp2_bytes(&p.header),
                            fc_rows_bytes(src, p.header.w, p.header.h, p.header.w, p.header.h), err);
    if (s)
        return s;
    if ((s = fc_module_need(is_heif(format) ? &heif : &formats, &fault)))
        return fc_fail(err, s, "%s: %s picture: %s", src->name, fc_format_name(format), fault.message);
    if (format == FC_FORMAT_WEBP)
        p.orientation = p.header.orientation;
    s = decoder_of(format)(src->bytes, src->n, &sink, why, sizeof why);
    if (s && !p.refused)
        s = fc_fail(err, s, "%s: %s: %s", src->name, fc_format_name(format), why);
    fc_rows_end(&p.rows);
    img->frames = s ? 0 : p.frames;
    return s;
}

void fc_formats_prepare(fc_format format)
{
    static const uint8_t no_heif[] = "\0\0\0\x10"
                                     "ftypheic\0\0\0";
    const fc_picture_sink none = {0};
    char why[200];

    if (!fc_module_need(is_heif(format) ? &heif : &formats, NULL) &&
        is_heif(format)) /* libheif loads plugins with its first file */
        (void)decoder_of(format)(no_heif, sizeof no_heif, &none, why, sizeof why);
}
