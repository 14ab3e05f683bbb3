#include "image/rgb.h"

#include <string.h>

static int channel_count(fc_channels c)
{
    static const int counts[] = {
        [FC_GREY] = 1, [FC_GREY_ALPHA] = 2, [FC_RGB] = 3,  [FC_RGB_ALPHA] = 4,
        [FC_BGR] = 3,  [FC_BGR_ALPHA] = 4,  [FC_CMYK] = 4, [FC_CMYK_INVERTED] = 4,
    };
    return counts[c];
}

size_t fc_layout_pixel(fc_layout l)
{
    return (size_t)channel_count(l.channels) * (size_t)(l.depth / 8);
}

/* a b / 255, rounded to the nearest. */
static inline uint8_t scaled(unsigned a, unsigned b)
{
    unsigned t = a * b + 128;
    return (uint8_t)((t + (t >> 8)) >> 8);
}

static inline uint8_t over_white8(unsigned v, unsigned alpha, bool premultiplied)
{
    if (premultiplied)
        return (uint8_t)(v < alpha ? v + 255 - alpha : 255);
    return (uint8_t)(255 - scaled(255 - v, alpha));
}

/* v / 257, rounded to the nearest. */
static inline uint8_t narrow(uint32_t v)
{
    return (uint8_t)((v * 255 + 32895) >> 16);
}

static inline uint8_t over_white16(uint32_t v, uint32_t alpha, bool premultiplied)
{
    if (premultiplied)
        return narrow(v < alpha ? v + 65535 - alpha : 65535);
    return narrow(65535 - (uint32_t)(((uint64_t)(65535 - v) * alpha + 32767) / 65535));
}

static void row8(uint8_t *to, const uint8_t *p, size_t w, fc_channels c, bool pre)
{
    switch (c) {
    case FC_GREY:
        for (; w; w--, to += 3, p++)
            to[0] = to[1] = to[2] = p[0];
        break;
    case FC_GREY_ALPHA:
        for (; w; w--, to += 3, p += 2)
            to[0] = to[1] = to[2] = over_white8(p[0], p[1], pre);
        break;
    case FC_RGB:
        memcpy(to, p, w * 3);
        break;
    case FC_BGR:
        for (; w; w--, to += 3, p += 3) {
            to[0] = p[2];
            to[1] = p[1];
            to[2] = p[0];
        }
        break;
    case FC_RGB_ALPHA:
        for (; w; w--, to += 3, p += 4)
            for (int i = 0; i < 3; i++)
                to[i] = over_white8(p[i], p[3], pre);
        break;
    case FC_BGR_ALPHA:
        for (; w; w--, to += 3, p += 4)
            for (int i = 0; i < 3; i++)
                to[i] = over_white8(p[2 - i], p[3], pre);
        break;
    case FC_CMYK: /* light left by the black plate, less what the coloured inks take from it */
        for (; w; w--, to += 3, p += 4)
            for (int i = 0; i < 3; i++)
                to[i] = (uint8_t)(255 - p[3] - scaled(p[i], 255u - p[3]));
        break;
    case FC_CMYK_INVERTED:
        for (; w; w--, to += 3, p += 4)
            for (int i = 0; i < 3; i++)
                to[i] = (uint8_t)(p[3] - scaled(255u - p[i], p[3]));
        break;
    }
}

static void row16(uint8_t *to, const uint16_t *p, size_t w, fc_channels c, bool pre)
{
    int n = channel_count(c);
    bool alpha = c == FC_GREY_ALPHA || c == FC_RGB_ALPHA || c == FC_BGR_ALPHA;
    bool bgr = c == FC_BGR || c == FC_BGR_ALPHA;

    for (; w; w--, to += 3, p += n) {
        for (int i = 0; i < 3; i++) {
            uint16_t v = p[n < 3 ? 0 : bgr ? 2 - i : i];
            to[i] = alpha ? over_white16(v, p[n - 1], pre) : narrow(v);
        }
    }
}

void fc_row_to_rgb(uint8_t *to, const void *from, size_t w, fc_layout l)
{
    if (l.depth == 16)
        row16(to, from, w, l.channels, l.premultiplied);
    else
        row8(to, from, w, l.channels, l.premultiplied);
}
