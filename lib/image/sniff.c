#include "image/sniff.h"

#include <ctype.h>
#include <string.h>

#define STARTS(b, n, lit) ((n) >= sizeof(lit) - 1 && memcmp((b), (lit), sizeof(lit) - 1) == 0)

/* ISO base media files name what they hold in the "ftyp" box: a major brand, a version, compatible brands. */
static fc_format sniff_brand(const uint8_t *b, size_t n)
{
    static const struct {
        char brand[5];
        fc_format format;
    } known[] = {
        {"avif", FC_FORMAT_AVIF}, {"avis", FC_FORMAT_AVIF}, {"heic", FC_FORMAT_HEIC},
        {"heix", FC_FORMAT_HEIC}, {"heim", FC_FORMAT_HEIC}, {"heis", FC_FORMAT_HEIC},
        {"hevc", FC_FORMAT_HEIC}, {"hevx", FC_FORMAT_HEIC},
    };
    size_t box = (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
    size_t end = box < n ? box : n;

    for (size_t at = 8; at + 4 <= end; at += at == 8 ? 8 : 4)
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (memcmp(b + at, known[i].brand, 4) == 0)
                return known[i].format;
    return end >= 12 && memcmp(b + 8, "mif1", 4) == 0 ? FC_FORMAT_HEIC : FC_FORMAT_UNKNOWN;
}

fc_format fc_sniff(const uint8_t *b, size_t n)
{
    if (STARTS(b, n, "\xff\xd8") && (n == 2 || b[2] == 0xff))
        return FC_FORMAT_JPEG;
    if (STARTS(b, n, "\x89PNG"))
        return FC_FORMAT_PNG;
    if (STARTS(b, n, "BM") && n >= 18 && b[15] == 0 && b[16] == 0 && b[17] == 0) /* a header of < 256 bytes */
        return FC_FORMAT_BMP;
    if (STARTS(b, n, "RIFF") && n >= 12 && memcmp(b + 8, "WEBP", 4) == 0)
        return FC_FORMAT_WEBP;
    if (STARTS(b, n, "II*\0") || STARTS(b, n, "MM\0*") || STARTS(b, n, "II+\0") || STARTS(b, n, "MM\0+"))
        return FC_FORMAT_TIFF;
    if (n >= 3 && b[0] == 'P' && b[1] >= '1' && b[1] <= '6' && (isspace(b[2]) || b[2] == '#'))
        return FC_FORMAT_PNM;
    if (STARTS(b, n, "P7\n"))
        return FC_FORMAT_PAM;
    if (STARTS(b, n, "\0\0\0\x0cjP  \r\n\x87\n") || STARTS(b, n, "\xff\x4f\xff\x51"))
        return FC_FORMAT_JP2;
    if (STARTS(b, n, "GIF87a") || STARTS(b, n, "GIF89a"))
        return FC_FORMAT_GIF;
    if (n >= 12 && memcmp(b + 4, "ftyp", 4) == 0)
        return sniff_brand(b, n);
    if (STARTS(b, n, "\0\0\0\x0cJXL \r\n\x87\n") || STARTS(b, n, "\xff\x0a"))
        return FC_FORMAT_JXL;
    if (STARTS(b, n, "\x76\x2f\x31\x01"))
        return FC_FORMAT_EXR;
    if (STARTS(b, n, "#?RADIANCE") || STARTS(b, n, "#?RGBE"))
        return FC_FORMAT_HDR;
    if (STARTS(b, n, "PF\n") || STARTS(b, n, "Pf\n"))
        return FC_FORMAT_PFM;
    if (STARTS(b, n, "8BPS"))
        return FC_FORMAT_PSD;
    if (STARTS(b, n, "\0\0\1\0") && n >= 6 && b[4] != 0)
        return FC_FORMAT_ICO;
    return FC_FORMAT_UNKNOWN;
}

const char *fc_format_name(fc_format f)
{
    static const char *const names[] = {
        [FC_FORMAT_UNKNOWN] = "unknown", [FC_FORMAT_JPEG] = "JPEG",     [FC_FORMAT_PNG] = "PNG",
        [FC_FORMAT_BMP] = "BMP",         [FC_FORMAT_WEBP] = "WebP",     [FC_FORMAT_TIFF] = "TIFF",
        [FC_FORMAT_PNM] = "PNM",         [FC_FORMAT_JP2] = "JPEG 2000", [FC_FORMAT_PAM] = "PAM",
        [FC_FORMAT_GIF] = "GIF",         [FC_FORMAT_HEIC] = "HEIC",     [FC_FORMAT_AVIF] = "AVIF",
        [FC_FORMAT_JXL] = "JPEG XL",     [FC_FORMAT_EXR] = "OpenEXR",   [FC_FORMAT_HDR] = "Radiance HDR",
        [FC_FORMAT_PFM] = "PFM",         [FC_FORMAT_PSD] = "Photoshop", [FC_FORMAT_ICO] = "ICO",
    };
    return names[f];
}
