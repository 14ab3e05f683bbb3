/* Any bytes as a picture: what is accepted is of the size it says, to its last pixel. Seeds: tests/data/formats and
 * tests/bad. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "facecheck.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Makes the checksums of a PNG right, or nothing behind them would ever be reached. */
static void mend_checksums(uint8_t *b, size_t n)
{
    for (size_t at = 8; n >= 8 && n - at >= 12;) {
        size_t len = (size_t)b[at] << 24 | (size_t)b[at + 1] << 16 | (size_t)b[at + 2] << 8 | b[at + 3];
        if (len > n - at - 12)
            return;
        uLong crc = crc32(0, b + at + 4, (uInt)len + 4);
        for (int i = 0; i < 4; i++)
            b[at + 8 + len + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
        at += 12 + len;
    }
}

static unsigned sum(const fc_image *img)
{
    unsigned s = 0;
    for (int y = 0; y < img->h; y++)
        for (int x = 0; x < img->w * 3; x++)
            s += img->rgb[(size_t)y * img->stride + (size_t)x];
    return s;
}

static void decode(const uint8_t *bytes, size_t n, const fc_image_options *o)
{
    fc_image img;
    fc_error err = {0};

    if (fc_image_decode(&img, bytes, n, "fuzz", o, &err)) {
        if (img.rgb || !err.status || strncmp(err.message, "fuzz: ", 6) != 0)
            if (err.status != FC_ENOMEM)
                abort();
        return;
    }
    if (img.w < 1 || img.h < 1 || img.full_w < img.w || img.full_h < img.h ||
        (uint64_t)img.full_w * (uint64_t)img.full_h > o->max_pixels)
        abort();
    if (o->max_side ? img.w > o->max_side || img.h > o->max_side : img.w != img.full_w || img.h != img.full_h)
        abort();
    if (sum(&img) > 255u * 3 * o->max_pixels)
        abort();
    fc_image_clear(&img);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const fc_image_options plain = {.max_pixels = 300000};
    static const fc_image_options small = {.max_pixels = 300000, .max_side = 11, .keep_orientation = true};
    uint8_t *copy = malloc(n + 1);

    if (!copy)
        return 0;
    memcpy(copy, bytes, n);
    if (n >= 8 && memcmp(copy, "\x89PNG", 4) == 0)
        mend_checksums(copy, n);
    decode(copy, n, &plain);
    decode(copy, n, &small);
    free(copy);
    return 0;
}
