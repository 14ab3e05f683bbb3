#include "image/opencv.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "image/header.h"
#include "base/module.h"
#include "image/opencv_c.h"

/* The module, loaded once for all threads; a failure is kept and told each time. */
static struct {
    pthread_once_t once;
    fc_error fault;
    fc_opencv_picture_decode_fn *decode;
    fc_opencv_picture_clear_fn *clear;
} module = {.once = PTHREAD_ONCE_INIT};

static void load(void)
{
    void *so;

    if (fc_module_open(&so, "opencv", &module.fault))
        return;
    *(void **)&module.decode = dlsym(so, "fc_opencv_picture_decode");
    *(void **)&module.clear = dlsym(so, "fc_opencv_picture_clear");
    if (!module.decode || !module.clear)
        fc_fail(&module.fault, FC_EUNSUPPORTED, "the module facecheck-opencv.so is of another version");
}

/* OpenCV turns some TIFF pictures by itself; one that says "upright" is given as it is. */
static uint8_t *without_orientation(const fc_source *src, const fc_header *h)
{
    uint8_t *copy = malloc(src->n);

    if (!copy)
        return NULL;
    memcpy(copy, src->bytes, src->n);
    copy[h->orientation_at] = copy[0] == 'M' ? 0 : 1;
    copy[h->orientation_at + 1] = copy[0] == 'M' ? 1 : 0;
    return copy;
}

fc_status fc_opencv_decode(fc_image *img, const fc_source *src, fc_format format, fc_error *err)
{
    fc_opencv_picture p = {0};
    fc_rows rows = {0};
    uint8_t *copy = NULL;
    fc_header h;
    char why[200];
    fc_status s = fc_header_read(&h, src, format, err);

    if (s)
        return s;
    pthread_once(&module.once, load);
    if (module.fault.status)
        return fc_fail(err, module.fault.status, "%s: %s picture: %s", src->name, fc_format_name(format),
                       module.fault.message);
    if (h.orientation_at && h.orientation != 1) {
        copy = without_orientation(src, &h);
        if (!copy)
            return fc_fail_nomem(err, src->n);
    }
    s = module.decode(&p, copy ? copy : src->bytes, src->n, why, sizeof why);
    if (s) {
        s = fc_fail(err, s, "%s: %s: %s", src->name, fc_format_name(format), why);
        goto out;
    }
    if ((uint64_t)p.w != h.w || (uint64_t)p.h != h.h) {
        s = fc_fail(err, FC_ECORRUPT, "%s: the %s states %llu x %llu pixels and holds %d x %d", src->name,
                    fc_format_name(format), (unsigned long long)h.w, (unsigned long long)h.h, p.w, p.h);
        goto out;
    }
    /* libtiff multiplies 8-bit colours by alpha, whatever the file says of them */
    p.layout.premultiplied = format == FC_FORMAT_TIFF && (p.layout.depth == 8 || h.premultiplied);
    s = fc_rows_begin(&rows, img, src, p.w, p.h, p.w, p.h, 8, p.layout,
                      src->opt->keep_orientation ? 1 : h.orientation, err);
    if (s)
        goto out;
    for (int y = 0; y < p.h; y++)
        fc_rows_put(&rows, p.data + (size_t)y * p.stride);
out:
    fc_rows_end(&rows);
    if (p.mat)
        module.clear(&p);
    free(copy);
    return s;
}
