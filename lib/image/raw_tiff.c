#include "image/raw_tiff.h"

/* Tags and values of TIFF 6.0, TIFF/EP (ISO 12234-2) and DNG. */
enum {
    SUBFILE_TYPE = 254,
    COMPRESSION = 259,
    PHOTOMETRIC = 262,
    MAKE = 271,
    SUB_IFDS = 330,
    DNG_VERSION = 0xc612
};
enum { REDUCED = 1, MOSAIC = 32803, LINEAR_RAW = 34892 };
enum { SHORT = 3, LONG = 4, ENTRY = 12 };

typedef struct reader {
    const uint8_t *b;
    size_t n;
    bool big; /* the most significant byte first */
} reader;

static uint32_t number(const reader *r, size_t at, size_t bytes)
{
    uint32_t v = 0;

    for (size_t i = 0; i < bytes; i++)
        v |= (uint32_t)r->b[at + i] << 8 * (r->big ? bytes - 1 - i : i);
    return v;
}

/* The value of an entry that holds one number; 0: another kind. */
static uint32_t value(const reader *r, size_t entry)
{
    const uint32_t type = number(r, entry + 2, 2);

    if (number(r, entry + 4, 4) != 1 || (type != SHORT && type != LONG))
        return 0;
    return number(r, entry + 8, type == SHORT ? 2 : 4);
}

/* Of Sony, Samsung, Nikon and Pentax. */
static bool is_cameras(uint32_t compression)
{
    return compression == 32767 || compression == 32770 || compression == 34713 || compression == 65535;
}

bool fc_is_raw_tiff(const uint8_t *b, size_t n)
{
    const reader r = {b, n, n > 0 && b[0] == 'M'};
    bool made = false, below = false, preview = false;
    size_t at, entries;

    if (n < 8 || (at = number(&r, 4, 4)) < 8 || at > n - 2)
        return false;
    entries = number(&r, at, 2);
    for (at += 2; entries > 0 && at <= n - ENTRY && n >= ENTRY; entries--, at += ENTRY) {
        const uint32_t tag = number(&r, at, 2);
        const uint32_t v = value(&r, at);
        if (tag == DNG_VERSION || (tag == PHOTOMETRIC && (v == MOSAIC || v == LINEAR_RAW)) ||
            (tag == COMPRESSION && is_cameras(v)))
            return true;
        made |= tag == MAKE;
        below |= tag == SUB_IFDS;
        preview |= tag == SUBFILE_TYPE && (v & REDUCED);
    }
    return made && below && preview;
}
