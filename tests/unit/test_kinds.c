/* The table of what is what, row by row: by its bytes, by its name, and what decoding says of it. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "facecheck.h"
#include "image/sniff.h"

#define BYTES(s) s, sizeof(s) - 1

static const struct sample {
    fc_format format;
    const char *bytes;
    size_t n;
} samples[] = {
    {FC_FORMAT_JPEG, BYTES("\xff\xd8\xff\xe0")},
    {FC_FORMAT_PNG, BYTES("\x89PNG\r\n\x1a\n")},
    {FC_FORMAT_BMP, BYTES("BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0")},
    {FC_FORMAT_WEBP, BYTES("RIFF\x16\0\0\0WEBPVP8X")},
    {FC_FORMAT_TIFF, BYTES("II*\0\x08\0\0\0")},
    {FC_FORMAT_TIFF, BYTES("MM\0*\0\0\0\x08")},
    {FC_FORMAT_TIFF, BYTES("II+\0\x08\0\0\0")},
    {FC_FORMAT_TIFF, BYTES("MM\0+\0\x08\0\0")},
    {FC_FORMAT_PNM, BYTES("P1\n")},
    {FC_FORMAT_PNM, BYTES("P2 ")},
    {FC_FORMAT_PNM, BYTES("P6#")},
    {FC_FORMAT_JP2, BYTES("\0\0\0\x0cjP  \r\n\x87\n")},
    {FC_FORMAT_JP2, BYTES("\xff\x4f\xff\x51\0\x2f")},
    {FC_FORMAT_GIF, BYTES("GIF87a")},
    {FC_FORMAT_GIF, BYTES("GIF89a")},
    {FC_FORMAT_HEIC, BYTES("\0\0\0\x18"
                           "ftypheic\0\0\0\0mif1heic")},
    {FC_FORMAT_HEIC, BYTES("\0\0\0\x14"
                           "ftypmif1\0\0\0\0msf1")},
    {FC_FORMAT_HEIC, BYTES("\0\0\0\x18"
                           "ftypmif1\0\0\0\0miafheix")},
    {FC_FORMAT_AVIF, BYTES("\0\0\0\x1c"
                           "ftypavif\0\0\0\0avifmif1miaf")},
    {FC_FORMAT_AVIF, BYTES("\0\0\0\x18"
                           "ftypmif1\0\0\0\0miafavif")},
    {FC_FORMAT_JXL, BYTES("\0\0\0\x0cJXL \r\n\x87\n")},
    {FC_FORMAT_JXL, BYTES("\xff\x0a")},
    {FC_FORMAT_JXR, BYTES("II\xbc\x01\x08\0\0\0")},
    {FC_FORMAT_EXR, BYTES("\x76\x2f\x31\x01")},
    {FC_FORMAT_HDR, BYTES("#?RADIANCE\n")},
    {FC_FORMAT_HDR, BYTES("#?RGBE\n")},
    {FC_FORMAT_PFM, BYTES("PF\n")},
    {FC_FORMAT_PFM, BYTES("Pf\n")},
    {FC_FORMAT_PAM, BYTES("P7\nWIDTH 1\n")},
    {FC_FORMAT_PSD, BYTES("8BPS\0\x01")},
    {FC_FORMAT_ICO, BYTES("\0\0\1\0\1\0")},
    {FC_FORMAT_RAW, BYTES("II*\0\x10\0\0\0CR\2\0")},
    {FC_FORMAT_RAW, BYTES("II\x1a\0\0\0HEAPCCDR")},
    {FC_FORMAT_RAW, BYTES("FUJIFILMCCD-RAW 0201")},
    {FC_FORMAT_RAW, BYTES("IIRO\x08\0\0\0")},
    {FC_FORMAT_RAW, BYTES("IIRS\x08\0\0\0")},
    {FC_FORMAT_RAW, BYTES("MMOR\0\0\0\x08")},
    {FC_FORMAT_RAW, BYTES("IIU\0\x18\0\0\0")},
    {FC_FORMAT_RAW, BYTES("FOVb\1\0\2\0")},
    {FC_FORMAT_RAW, BYTES("\0\0\0\x18"
                          "ftypcrx \0\0\0\1crx isom")},
    {FC_FORMAT_RAW, BYTES("II*\0\x08\0\0\0\x02\0"
                          "\x00\x01\x03\x00\x01\x00\x00\x00\x40\x00\x00\x00"
                          "\x12\xc6\x01\x00\x04\x00\x00\x00\x01\x04\x00\x00")}, /* DNG */
    {FC_FORMAT_RAW, BYTES("MM\0*\0\0\0\x08\0\x04"
                          "\x00\xfe\x00\x04\x00\x00\x00\x01\x00\x00\x00\x01"
                          "\x01\x00\x00\x03\x00\x00\x00\x01\x00\xa0\x00\x00"
                          "\x01\x0f\x00\x02\x00\x00\x00\x06\x00\x00\x00\xc8"
                          "\x01\x4a\x00\x04\x00\x00\x00\x02\x00\x00\x01\x2c")}, /* NEF: a preview in front */
    {FC_FORMAT_RAW, BYTES("II*\0\x08\0\0\0\x03\0"
                          "\x00\x01\x03\x00\x01\x00\x00\x00\x40\x00\x00\x00"
                          "\x03\x01\x03\x00\x01\x00\x00\x00\x99\x87\x00\x00"
                          "\x06\x01\x03\x00\x01\x00\x00\x00\x23\x80\x00\x00")}, /* a mosaic */
    {FC_FORMAT_RAW, BYTES("II*\0\x08\0\0\0\x02\0"
                          "\x00\x01\x03\x00\x01\x00\x00\x00\x40\x00\x00\x00"
                          "\x03\x01\x03\x00\x01\x00\x00\x00\xff\xff\x00\x00")}, /* PEF */
    {FC_FORMAT_TIFF,
     BYTES("II*\0\x08\0\0\0\x03\0"
           "\x00\x01\x03\x00\x01\x00\x00\x00\x40\x00\x00\x00"
           "\x03\x01\x03\x00\x01\x00\x00\x00\x05\x00\x00\x00"
           "\x0f\x01\x02\x00\x06\x00\x00\x00\xc8\x00\x00\x00")}, /* a camera's or scanner's TIFF */
    {FC_FORMAT_TIFF,
     BYTES("II*\0\x08\0\0\0\x03\0"
           "\x00\x01\x03\x00\x01\x00\x00\x00\x40\x00\x00\x00"
           "\x0f\x01\x02\x00\x06\x00\x00\x00\xc8\x00\x00\x00"
           "\x4a\x01\x04\x00\x01\x00\x00\x00\x2c\x01\x00\x00")}, /* with more pictures below */
    {FC_FORMAT_TIFF,
     BYTES("II*\0\x08\0\0\0\xff\xff"
           "\x00\x01\x03\x00\x01\x00\x00\x00\x40\x00\x00\x00")}, /* a directory that does not end */
    {FC_FORMAT_TIFF, BYTES("II*\0\xff\xff\xff\xff")},            /* nor begin */
    {FC_FORMAT_SVG, BYTES("<svg xmlns=\"http://www.w3.org/2000/svg\"/>")},
    {FC_FORMAT_SVG, BYTES("<?xml version=\"1.0\"?>\n<!-- x -->\n<svg/>")},
    {FC_FORMAT_VIDEO, BYTES("\0\0\0\x14"
                            "ftypqt  \0\0\2\0qt  ")},
    {FC_FORMAT_VIDEO, BYTES("\0\0\0\x18"
                            "ftypmp42\0\0\0\0isommp42")},
    {FC_FORMAT_VIDEO, BYTES("RIFF\x16\0\0\0AVI LIST")},
    {FC_FORMAT_VIDEO, BYTES("\x1a\x45\xdf\xa3\x01\0")},
    {FC_FORMAT_VIDEO, BYTES("\0\0\1\xba\x44")},
    {FC_FORMAT_VIDEO, BYTES("FLV\1\1\0\0\0\x9")},
    {FC_FORMAT_VIDEO, BYTES("OggS\0\2")},
    {FC_FORMAT_VIDEO, BYTES("\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9")},
    {FC_FORMAT_PDF, BYTES("%PDF-1.7\n")},
    {FC_FORMAT_HTML, BYTES("<!DOCTYPE html>\n<html>")},
    {FC_FORMAT_HTML, BYTES("\xef\xbb\xbf\r\n <HTML>")},
    {FC_FORMAT_JSON, BYTES("{\"error\":404}")},
    {FC_FORMAT_JSON, BYTES("\xef\xbb\xbf\n[1]")},
    {FC_FORMAT_UTF16, BYTES("\xff\xfe{\0")},
    {FC_FORMAT_UTF16, BYTES("\xfe\xff\0{")},
    /* almost something */
    {FC_FORMAT_UNKNOWN, BYTES("\xff\xd8\x00")},
    {FC_FORMAT_UNKNOWN, BYTES("BM is a beginning, too: of a letter")},
    {FC_FORMAT_UNKNOWN, BYTES("RIFF\x16\0\0\0WAVEfmt ")},
    {FC_FORMAT_UNKNOWN, BYTES("P0\n")},
    {FC_FORMAT_UNKNOWN, BYTES("P6x")},
    {FC_FORMAT_UNKNOWN, BYTES("\0\0\0\x10"
                              "ftypm4a \0\0\0\0")},
    {FC_FORMAT_UNKNOWN, BYTES("\0\0\1\0\0\0")},
    {FC_FORMAT_UNKNOWN, BYTES("<?xml version=\"1.0\"?><rss/>")},
    {FC_FORMAT_UNKNOWN, BYTES("Dear Sir {")},
};
enum { NSAMPLES = sizeof samples / sizeof *samples };

/* From the heap, so that a read behind the end is seen. */
static fc_format sniff(const char *bytes, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    memcpy(copy, bytes, n);
    const fc_format f = fc_sniff(copy, n);
    free(copy);
    return f;
}

static void by_bytes(void **state)
{
    bool seen[FC_FORMATS] = {false};
    (void)state;

    for (size_t i = 0; i < NSAMPLES; i++) {
        const fc_format f = sniff(samples[i].bytes, samples[i].n);
        if (f != samples[i].format)
            fail_msg("sample %zu is %s, want %s", i, fc_format_name(f), fc_format_name(samples[i].format));
        seen[f] = true;
        for (size_t n = 0; n < samples[i].n; n++) /* beginnings of it do no harm */
            (void)sniff(samples[i].bytes, n);
    }
    for (fc_format f = 0; f < FC_FORMATS; f++)
        if (!seen[f])
            fail_msg("no sample of %s", fc_format_name(f));
}

/* Three packets in a row, of either size. */
static void transport_streams(void **state)
{
    const size_t sizes[] = {188, 192};
    (void)state;

    for (size_t i = 0; i < 2; i++) {
        char packets[FC_SNIFF_BYTES] = "";
        const size_t first = sizes[i] - 188;
        for (size_t k = 0; k < 3; k++)
            memcpy(packets + first + k * sizes[i], "\x47\x40\x11\x10", 4);
        assert_int_equal(sniff(packets, sizeof packets), FC_FORMAT_VIDEO);
        for (size_t n = 0; n < first + 2 * sizes[i] + 4; n++)
            assert_int_equal(sniff(packets, n), FC_FORMAT_UNKNOWN);
        packets[first + sizes[i] + 3] = 0x0f; /* with nothing in it */
        assert_int_equal(sniff(packets, sizeof packets), FC_FORMAT_UNKNOWN);
    }
}

static void by_name(void **state)
{
    char name[64], upper[64], endings[400];
    (void)state;

    for (fc_format f = 1; f < FC_FORMATS; f++) {
        const fc_kind *k = fc_kind_of(f);
        snprintf(endings, sizeof endings, "%s", k->extensions);
        for (char *save, *e = strtok_r(endings, " ", &save); e; e = strtok_r(NULL, " ", &save)) {
            snprintf(name, sizeof name, "a.b.%s", e);
            for (size_t i = 0; i < sizeof name; i++)
                upper[i] = (char)toupper((unsigned char)name[i]);
            assert_int_equal(fc_format_of_name(name), f); /* so it is in one row only */
            assert_int_equal(fc_format_of_name(upper), f);
            assert_int_equal(fc_is_picture_name(name), k->use != FC_USE_IGNORED);
        }
        if (k->use != FC_USE_IGNORED)
            assert_true(*k->extensions);
    }
    const char *const none[] = {"",       "jpg",  "a.",         "a",   "a.jpg.txt",
                                "a.jpgx", "a.jp", "a.jpg jpeg", "a. ", "a.jpg "};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(fc_is_picture_name(none[i]));
    assert_true(fc_is_picture_name(".jpg")); /* hidden names are the folders' business */
}

/* A row's use is what decoding does: what is taken has a decoder, the rest is refused with its name. */
static void decoding(void **state)
{
    (void)state;

    for (size_t i = 0; i < NSAMPLES; i++) {
        const fc_kind *k = fc_kind_of(samples[i].format);
        fc_image img;
        fc_error err = {0};
        const fc_status s = fc_image_decode(&img, samples[i].bytes, samples[i].n, "x", NULL, &err);
        assert_int_equal(k->use == FC_USE_TAKEN, k->decoder != FC_DECODER_NONE);
        assert_int_not_equal(s, FC_OK); /* beginnings of pictures, all of them */
        if (samples[i].format == FC_FORMAT_UNKNOWN) {
            assert_int_equal(s, FC_EFORMAT);
        } else if (k->decoder == FC_DECODER_NONE) {
            assert_int_equal(s, k->is_picture ? FC_EUNSUPPORTED : FC_EFORMAT);
            assert_non_null(strstr(err.message, k->name));
        } else {
            assert_null(strstr(err.message, "no codec"));
            assert_int_not_equal(s, FC_EFORMAT);
        }
    }
}

/* facecheck-images(7) lists the endings of what is taken and what is refused, as they are in the table. */
static void manual(void **state)
{
    char path[4096], line[512], want[512];
    bool seen[FC_FORMATS] = {false};
    fc_use use = FC_USE_IGNORED;
    (void)state;

    snprintf(path, sizeof path, "%s/../man/facecheck-images.7", getenv("FC_TESTS"));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (!strcmp(line, ".\\\" taken\n") || !strcmp(line, ".\\\" refused\n"))
            use = line[4] == 't' ? FC_USE_TAKEN : FC_USE_REFUSED;
        if (strncmp(line, ".Dl ", 4) || use == FC_USE_IGNORED)
            continue;
        char *first = line + 4, *end = first + strcspn(first, "\n");
        *end = '\0';
        snprintf(want, sizeof want, "a.%.*s", (int)strcspn(first, " "), first);
        const fc_format format = fc_format_of_name(want);
        assert_string_equal(first, fc_kind_of(format)->extensions);
        assert_int_equal(fc_kind_of(format)->use, use);
        seen[format] = true;
    }
    fclose(f);
    for (fc_format k = 0; k < FC_FORMATS; k++)
        if (seen[k] != (fc_kind_of(k)->use != FC_USE_IGNORED))
            fail_msg("%s: the manual and the table differ", fc_format_name(k));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_bytes), cmocka_unit_test(transport_streams),
        cmocka_unit_test(by_name),  cmocka_unit_test(decoding),
        cmocka_unit_test(manual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
