#include "image/opencv.h"

#include <pthread.h>

#include "base/error.h"
#include "base/module.h"
#include "image/formats_open.h"
#include "image/header.h"
#include "image/opencv_c.h"

static fc_module module = FC_MODULE("opencv", NULL);

static void prepare_heif(void)
{
    fc_formats_prepare(FC_FORMAT_HEIC);
}

/* OpenCV's libraries bring libheif: the module for HEIC comes first, so that libheif finds what that has for it (heif.c). */
static fc_status need_module(fc_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, prepare_heif);
    return fc_module_need(&module, err);
}

/* What OpenCV takes besides the picture that becomes of it: its own. */
static uint64_t decoder_bytes(const fc_header *h)
{
    return h->w * h->h * (h->white > 255 ? 6 : 3);
}

fc_status fc_opencv_decode(fc_image *img, const fc_source *src, fc_format format, fc_error *err)
{
    fc_opencv_picture p = {0};
    fc_rows rows = {0};
    const fc_opencv_api *api;
    fc_error fault;
    fc_header h;
    char why[200];
    fc_status s = fc_header_read(&h, src, format, err);

    if (s)
        return s;
    if ((s = need_module(&fault)))
        return fc_fail(err, s, "%s: %s picture: %s", src->name, fc_format_name(format), fault.message);
    api = module.table;
    s = fc_source_claim(src, decoder_bytes(&h), fc_rows_bytes(src, h.w, h.h, h.w, h.h), err);
    if (s)
        return s;
    s = api->decode(&p, src->bytes, src->n, why, sizeof why);
    if (s) {
        s = fc_fail(err, s, "%s: %s: %s", src->name, fc_format_name(format), why);
        goto out;
    }
    if ((uint64_t)p.w != h.w || (uint64_t)p.h != h.h) {
        s = fc_fail(err, FC_ECORRUPT, "%s: the %s states %llu x %llu pixels and holds %d x %d", src->name,
                    fc_format_name(format), (unsigned long long)h.w, (unsigned long long)h.h, p.w, p.h);
        goto out;
    }
    s = fc_rows_begin(&rows, img, src, p.w, p.h, p.w, p.h, 8, p.layout, 1, err);
    if (s)
        goto out;
    for (int y = 0; y < p.h; y++)
        fc_rows_put(&rows, p.data + (size_t)y * p.stride);
out:
    fc_rows_end(&rows);
    if (p.mat)
        api->clear(&p);
    return s;
}

void fc_opencv_prepare(void)
{
    (void)need_module(NULL);
}
