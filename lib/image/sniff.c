#include "image/sniff.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "image/raw_tiff.h"

/* What stands at the beginning, or a little behind it. */
typedef struct magic {
    size_t at, n; /* n 0: no more */
    const char *bytes;
    bool (*also)(const uint8_t *b, size_t n); /* what has to hold besides; NULL: nothing */
} magic;
#define AT(at, lit, also)                                                                                    \
    {                                                                                                        \
        at, sizeof(lit) - 1, lit, also                                                                       \
    }
#define START(lit) AT(0, lit, NULL)
enum { MAX_MAGICS = 12, TEXT_LOOKED_AT = 1024 };

/* ---- what a few bytes do not tell ---- */

static bool is_marker_next(const uint8_t *b, size_t n)
{
    return n == 2 || b[2] == 0xff;
}

static bool is_small_header(const uint8_t *b, size_t n) /* of a BMP: less than 256 bytes */
{
    return n >= 18 && b[15] == 0 && b[16] == 0 && b[17] == 0;
}

static bool is_webp(const uint8_t *b, size_t n)
{
    return n >= 12 && memcmp(b + 8, "WEBP", 4) == 0;
}

static bool is_avi(const uint8_t *b, size_t n)
{
    return n >= 12 && memcmp(b + 8, "AVI ", 4) == 0;
}

/* Packets of MPEG-TS: 188 bytes, or 192 of a camcorder, that begin alike and have something in them. */
static bool are_packets(const uint8_t *b, size_t n, size_t at, size_t size)
{
    for (size_t i = 0; i < 3; i++, at += size)
        if (at + 4 > n || b[at] != 0x47 || !(b[at + 3] & 0x30))
            return false;
    return true;
}

static bool is_mpegts(const uint8_t *b, size_t n)
{
    return are_packets(b, n, 0, 188);
}

static bool is_m2ts(const uint8_t *b, size_t n)
{
    return are_packets(b, n, 4, 192);
}

static bool is_pnm(const uint8_t *b, size_t n)
{
    return n >= 3 && b[1] >= '1' && b[1] <= '6' && (isspace(b[2]) || b[2] == '#');
}

static bool has_entries(const uint8_t *b, size_t n) /* of an ICO */
{
    return n >= 6 && b[4] != 0;
}

/* ISO base media files name what they hold in the "ftyp" box: a major brand, a version, compatible brands. */
static fc_format brand_of(const uint8_t *b, size_t n)
{
    static const struct {
        char brand[5];
        fc_format format;
    } known[] = {
        {"avif", FC_FORMAT_AVIF},  {"avis", FC_FORMAT_AVIF},  {"heic", FC_FORMAT_HEIC},
        {"heix", FC_FORMAT_HEIC},  {"heim", FC_FORMAT_HEIC},  {"heis", FC_FORMAT_HEIC},
        {"hevc", FC_FORMAT_HEIC},  {"hevx", FC_FORMAT_HEIC},  {"crx ", FC_FORMAT_RAW},
        {"qt  ", FC_FORMAT_VIDEO}, {"mp41", FC_FORMAT_VIDEO}, {"mp42", FC_FORMAT_VIDEO},
        {"isom", FC_FORMAT_VIDEO}, {"M4V ", FC_FORMAT_VIDEO}, {"3gp4", FC_FORMAT_VIDEO},
        {"3gp5", FC_FORMAT_VIDEO},
    };
    size_t box = (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
    size_t end = box < n ? box : n;

    for (size_t at = 8; at + 4 <= end; at += at == 8 ? 8 : 4)
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (memcmp(b + at, known[i].brand, 4) == 0)
                return known[i].format;
    return end >= 12 && memcmp(b + 8, "mif1", 4) == 0 ? FC_FORMAT_HEIC : FC_FORMAT_UNKNOWN;
}

static bool is_heic(const uint8_t *b, size_t n)
{
    return n >= 12 && brand_of(b, n) == FC_FORMAT_HEIC;
}

static bool is_avif(const uint8_t *b, size_t n)
{
    return n >= 12 && brand_of(b, n) == FC_FORMAT_AVIF;
}

static bool is_cr3(const uint8_t *b, size_t n)
{
    return n >= 12 && brand_of(b, n) == FC_FORMAT_RAW;
}

static bool is_iso_video(const uint8_t *b, size_t n)
{
    return n >= 12 && brand_of(b, n) == FC_FORMAT_VIDEO;
}

/* Behind white space and a byte-order mark. */
static size_t text_start(const uint8_t *b, size_t n)
{
    size_t at = n >= 3 && memcmp(b, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    while (at < n && at < TEXT_LOOKED_AT && isspace(b[at]))
        at++;
    return at;
}

static bool text_begins(const uint8_t *b, size_t n, const char *with)
{
    const size_t at = text_start(b, n), want = strlen(with);
    return n - at >= want && strncasecmp((const char *)b + at, with, want) == 0;
}

static bool is_html(const uint8_t *b, size_t n)
{
    return text_begins(b, n, "<!doctype html") || text_begins(b, n, "<html");
}

static bool is_svg(const uint8_t *b, size_t n)
{
    return text_begins(b, n, "<svg") ||
           ((text_begins(b, n, "<?xml") || text_begins(b, n, "<!")) &&
            memmem(b, n < TEXT_LOOKED_AT ? n : TEXT_LOOKED_AT, "<svg", 4) != NULL);
}

static bool is_json(const uint8_t *b, size_t n)
{
    return text_begins(b, n, "{") || text_begins(b, n, "[");
}

/* ---- the table ---- */

static const struct row {
    fc_kind kind;
    magic magic[MAX_MAGICS];
} rows[FC_FORMATS] = {
    [FC_FORMAT_UNKNOWN] = {{"unknown", "", FC_USE_IGNORED, FC_DECODER_NONE, false}, {{0}}},
    /* MPO and JPS are JPEG with more pictures behind it or in it */
    [FC_FORMAT_JPEG] = {{"JPEG", "jpg jpeg jpe jfif jif mpo jps", FC_USE_TAKEN, FC_DECODER_JPEG, true},
                        {AT(0, "\xff\xd8", is_marker_next)}},
    [FC_FORMAT_PNG] = {{"PNG", "png apng", FC_USE_TAKEN, FC_DECODER_PNG, true}, {START("\x89PNG")}},
    [FC_FORMAT_BMP] = {{"BMP", "bmp dib", FC_USE_TAKEN, FC_DECODER_BMP, true},
                       {AT(0, "BM", is_small_header)}},
    [FC_FORMAT_WEBP] = {{"WebP", "webp", FC_USE_TAKEN, FC_DECODER_FORMATS, true}, {AT(0, "RIFF", is_webp)}},
    [FC_FORMAT_TIFF] = {{"TIFF", "tif tiff", FC_USE_TAKEN, FC_DECODER_FORMATS, true},
                        {START("II*\0"), START("MM\0*"), START("II+\0"), START("MM\0+")}},
    [FC_FORMAT_PNM] = {{"PNM", "pbm pgm ppm pnm", FC_USE_TAKEN, FC_DECODER_OPENCV, true},
                       {AT(0, "P", is_pnm)}},
    [FC_FORMAT_JP2] = {{"JPEG 2000", "jp2 j2k j2c jpc jpx jpf", FC_USE_TAKEN, FC_DECODER_FORMATS, true},
                       {START("\0\0\0\x0cjP  \r\n\x87\n"), START("\xff\x4f\xff\x51")}},
    [FC_FORMAT_GIF] = {{"GIF", "gif", FC_USE_REFUSED, FC_DECODER_NONE, true},
                       {START("GIF87a"), START("GIF89a")}},
    [FC_FORMAT_HEIC] = {{"HEIC", "heic heif hif", FC_USE_TAKEN, FC_DECODER_FORMATS, true},
                        {AT(4, "ftyp", is_heic)}},
    [FC_FORMAT_AVIF] = {{"AVIF", "avif", FC_USE_TAKEN, FC_DECODER_FORMATS, true}, {AT(4, "ftyp", is_avif)}},
    [FC_FORMAT_JXL] = {{"JPEG XL", "jxl", FC_USE_REFUSED, FC_DECODER_NONE, true},
                       {START("\0\0\0\x0cJXL \r\n\x87\n"), START("\xff\x0a")}},
    [FC_FORMAT_JXR] = {{"JPEG XR", "jxr wdp hdp", FC_USE_REFUSED, FC_DECODER_NONE, true},
                       {START("II\xbc\x01")}},
    [FC_FORMAT_EXR] = {{"OpenEXR", "exr", FC_USE_REFUSED, FC_DECODER_NONE, true},
                       {START("\x76\x2f\x31\x01")}},
    [FC_FORMAT_HDR] = {{"Radiance HDR", "hdr", FC_USE_REFUSED, FC_DECODER_NONE, true},
                       {START("#?RADIANCE"), START("#?RGBE")}},
    [FC_FORMAT_PFM] = {{"PFM", "pfm", FC_USE_REFUSED, FC_DECODER_NONE, true}, {START("PF\n"), START("Pf\n")}},
    [FC_FORMAT_PAM] = {{"PAM", "pam", FC_USE_REFUSED, FC_DECODER_NONE, true}, {START("P7\n")}},
    [FC_FORMAT_PSD] = {{"Photoshop", "psd psb", FC_USE_REFUSED, FC_DECODER_NONE, true}, {START("8BPS")}},
    [FC_FORMAT_ICO] = {{"ICO", "ico", FC_USE_REFUSED, FC_DECODER_NONE, true},
                       {AT(0, "\0\0\1\0", has_entries)}},
    /* Cameras write a JPEG beside these, as a rule: in a folder they are no news. */
    [FC_FORMAT_RAW] = {{"camera raw", "dng cr2 cr3 crw nef nrw arw srf sr2 raf orf rw2 pef srw x3f 3fr erf",
                        FC_USE_IGNORED, FC_DECODER_NONE, true},
                       {START("II*\0\x10\0\0\0CR"), START("II\x1a\0\0\0HEAPCCDR"), START("FUJIFILMCCD-RAW"),
                        START("IIRO"), START("IIRS"), START("MMOR"), START("IIU\0"), START("FOVb"),
                        AT(4, "ftyp", is_cr3), AT(0, "II*\0", fc_is_raw_tiff),
                        AT(0, "MM\0*", fc_is_raw_tiff)}},
    [FC_FORMAT_SVG] = {{"SVG", "svg", FC_USE_IGNORED, FC_DECODER_NONE, true}, {AT(0, "", is_svg)}},
    [FC_FORMAT_VIDEO] = {{"a video", "mp4 mov m4v 3gp avi mkv webm ts mts m2ts mpg mpeg vob flv ogv wmv asf",
                          FC_USE_IGNORED, FC_DECODER_NONE, false},
                         {AT(4, "ftyp", is_iso_video), AT(0, "RIFF", is_avi), START("\x1a\x45\xdf\xa3"),
                          START("\0\0\1\xba"), AT(0, "\x47", is_mpegts), AT(4, "\x47", is_m2ts),
                          START("FLV\1"), START("OggS\0"), START("\x30\x26\xb2\x75\x8e\x66\xcf\x11")}},
    [FC_FORMAT_PDF] = {{"a PDF document", "pdf", FC_USE_IGNORED, FC_DECODER_NONE, false}, {START("%PDF-")}},
    [FC_FORMAT_HTML] = {{"an HTML page", "html htm", FC_USE_IGNORED, FC_DECODER_NONE, false},
                        {AT(0, "", is_html)}},
    [FC_FORMAT_JSON] = {{"JSON", "json jsonl", FC_USE_IGNORED, FC_DECODER_NONE, false}, {AT(0, "", is_json)}},
    [FC_FORMAT_UTF16] = {{"UTF-16 text", "", FC_USE_IGNORED, FC_DECODER_NONE, false},
                         {START("\xff\xfe"), START("\xfe\xff")}},
};

const fc_kind *fc_kind_of(fc_format f)
{
    return &rows[f].kind;
}

const char *fc_format_name(fc_format f)
{
    return rows[f].kind.name;
}

static bool has_magic(const magic *m, const uint8_t *b, size_t n)
{
    return n >= m->at + m->n && memcmp(b + m->at, m->bytes, m->n) == 0 && (!m->also || m->also(b, n));
}

static bool has_a_magic(fc_format f, const uint8_t *b, size_t n)
{
    for (const magic *m = rows[f].magic; m < rows[f].magic + MAX_MAGICS && m->bytes; m++)
        if (has_magic(m, b, n))
            return true;
    return false;
}

fc_format fc_sniff(const uint8_t *b, size_t n)
{
    if (has_a_magic(FC_FORMAT_RAW, b, n)) /* some begin as TIFF does */
        return FC_FORMAT_RAW;
    for (fc_format f = FC_FORMAT_UNKNOWN + 1; f < FC_FORMATS; f++)
        if (has_a_magic(f, b, n))
            return f;
    return FC_FORMAT_UNKNOWN;
}

static bool has_word(const char *words, const char *word)
{
    const size_t n = strlen(word);

    for (const char *p = words; *p; p += strspn(p, " ")) {
        const size_t len = strcspn(p, " ");
        if (len == n && !strncasecmp(p, word, n))
            return true;
        p += len;
    }
    return false;
}

fc_format fc_format_of_name(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (fc_format f = FC_FORMAT_UNKNOWN + 1; dot && dot[1] && f < FC_FORMATS; f++)
        if (has_word(rows[f].kind.extensions, dot + 1))
            return f;
    return FC_FORMAT_UNKNOWN;
}

bool fc_is_picture_name(const char *name)
{
    return fc_kind_of(fc_format_of_name(name))->use != FC_USE_IGNORED;
}
