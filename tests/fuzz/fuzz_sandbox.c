/* Any bytes as what a worker says of a picture, the first of them the limits that it had, the last the pixels in the memory.
 * What is taken is within the limits, to its last pixel, and no failure is one that would end a run. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/sandbox_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void check(const fc_image *img, const fc_source *src)
{
    const fc_image_options *o = src->opt;
    unsigned sum = 0;

    must(img->w > 0 && img->h > 0 && img->full_w >= img->w && img->full_h >= img->h &&
         img->stride == (size_t)img->w * 3);
    must((uint64_t)img->full_w * (uint64_t)img->full_h <= o->max_pixels);
    must(!o->max_side || (img->w <= o->max_side && img->h <= o->max_side));
    must(img->stride * (size_t)img->h <= src->claim->held);
    must(o->keep_damaged || !img->damaged);
    for (size_t i = 0; i < img->stride * (size_t)img->h; i++)
        sum += img->rgb[i];
    must(sum <= 255 * 3 * o->max_pixels);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static int memory = -1;
    const fc_image_options o = {
        .max_pixels = 10000, .max_side = n && bytes[0] & 1 ? 40 : 0, .keep_damaged = n && bytes[0] & 2};
    fc_claim claim = {.held = n && bytes[0] & 4 ? 3000 : 30000};
    const fc_source src = {.name = "fuzz", .opt = &o, .claim = &claim};
    const size_t at = n ? 1 : 0,
                 size = n - at < sizeof(fc_sandbox_answer) ? n - at : sizeof(fc_sandbox_answer),
                 told = n && bytes[0] & 8 ? n - at : size;
    fc_error err = {0};
    fc_image img;

    if (memory < 0)
        memory = memfd_create("pixels", MFD_CLOEXEC);
    must(!ftruncate(memory, 0) && write(memory, "", 0) == 0);
    must(pwrite(memory, bytes + at + size, n - at - size, 0) == (ssize_t)(n - at - size));
    const fc_status s = fc_sandbox_take(&img, &src, bytes + at, told, memory, &err);
    if (!s)
        check(&img, &src);
    else
        must(!img.rgb && s != FC_EUSAGE && s != FC_EIO && s != FC_EMODEL && s != FC_ERECORD &&
             (s == FC_END || err.status == s));
    must(memchr(err.message, '\0', sizeof err.message));
    fc_image_clear(&img);
    return 0;
}
