#include "image/jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "base/error.h"
#include "image/exif.h"

/* A progressive file may hold any number of scans, each as much work as a picture; cameras write about 10. */
enum { MAX_SCANS = 500 };

/* All that a decoder holds, so that a jump out of libjpeg loses nothing. */
typedef struct decoder {
    struct jpeg_decompress_struct j; /* first: libjpeg hands it back */
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr input;
    struct jpeg_progress_mgr progress;
    jmp_buf fault;
    fc_rows rows;
    const fc_source *src;
    fc_image *img;
    fc_error *err;
    fc_status status;
    bool ran_out; /* libjpeg asked for more bytes than there are */
} decoder;

_Noreturn static void give_up(decoder *d, fc_status s)
{
    d->status = s;
    longjmp(d->fault, 1);
}

_Noreturn static void give_up_truncated(decoder *d)
{
    give_up(d, fc_fail(d->err, FC_ETRUNCATED, "%s: the JPEG ends too early", d->src->name));
}

static fc_status status_of(int code)
{
    switch (code) {
    case JERR_OUT_OF_MEMORY:
        return FC_ENOMEM;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_IMAGE_TOO_BIG:
    case JERR_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED:
        return FC_EUNSUPPORTED;
    default:
        return FC_ECORRUPT;
    }
}

_Noreturn static void on_error(j_common_ptr c)
{
    decoder *d = (decoder *)c;
    char why[JMSG_LENGTH_MAX];

    if (d->ran_out)
        give_up_truncated(d);
    c->err->format_message(c, why);
    give_up(d, fc_fail(d->err, status_of(c->err->msg_code), "%s: JPEG: %s", d->src->name, why));
}

/* libjpeg goes on after a warning, with grey where data is missing. Pixels that are not the picture's are
 * worse than none, so warnings about them end the decoding; the others (bytes between markers, odd versions)
 * do not matter. */
static void on_warning(j_common_ptr c, int level)
{
    decoder *d = (decoder *)c;

    if (level >= 0)
        return;
    switch (c->err->msg_code) {
    case JWRN_HIT_MARKER: /* the data of a scan is short of what the picture needs */
        if (d->ran_out || d->j.unread_marker == JPEG_EOI)
            give_up_truncated(d);
        on_error(c);
    case JWRN_ARITH_BAD_CODE:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
        on_error(c);
    default:
        break;
    }
}

static void on_message(j_common_ptr c)
{
    (void)c; /* the library never prints */
}

static void on_progress(j_common_ptr c)
{
    decoder *d = (decoder *)c;

    if (d->j.input_scan_number > MAX_SCANS)
        give_up(d, fc_fail(d->err, FC_ELIMIT, "%s: a JPEG of more than %d scans", d->src->name, MAX_SCANS));
}

static void input_nothing(j_decompress_ptr j)
{
    (void)j;
}

/* At the end of the bytes an EOI is made up, so that decoding ends; ran_out remembers that it was. */
static boolean input_fill(j_decompress_ptr j)
{
    static const JOCTET eoi[2] = {0xff, JPEG_EOI};

    ((decoder *)j)->ran_out = true;
    j->src->next_input_byte = eoi;
    j->src->bytes_in_buffer = sizeof eoi;
    return TRUE;
}

static void input_skip(j_decompress_ptr j, long n)
{
    if (n <= 0)
        return;
    if ((size_t)n > j->src->bytes_in_buffer) {
        input_fill(j);
        return;
    }
    j->src->next_input_byte += n;
    j->src->bytes_in_buffer -= (size_t)n;
}

static int orientation_of(const decoder *d)
{
    for (const struct jpeg_marker_struct *m = d->j.marker_list; m; m = m->next)
        if (m->marker == JPEG_APP0 + 1 && m->data_length >= 6 && memcmp(m->data, "Exif\0", 6) == 0)
            return fc_exif_orientation(m->data, m->data_length);
    return 1;
}

static fc_channels set_colours(j_decompress_ptr j)
{
    if (j->jpeg_color_space == JCS_CMYK || j->jpeg_color_space == JCS_YCCK) {
        j->out_color_space = JCS_CMYK;
        return j->saw_Adobe_marker ? FC_CMYK_INVERTED : FC_CMYK;
    }
    j->out_color_space = JCS_RGB;
    return FC_RGB;
}

/* The smallest n/8 at which the picture is still max_side long. */
static unsigned choose_eighths(const decoder *d)
{
    uint64_t w = d->j.image_width, h = d->j.image_height, longest = w > h ? w : h;
    uint64_t want = (uint64_t)d->src->opt->max_side * 8;
    unsigned n = 8;

    while (want && n > 1 && longest * (n - 1) >= want)
        n--;
    return n;
}

/* A header alone may state a size over the limit: then that is the fault, not that nothing follows. */
static void check_stated_size(decoder *d)
{
    fc_status s = FC_OK;

    if (d->j.image_width && d->j.image_height)
        s = fc_source_check_size(d->src, d->j.image_width, d->j.image_height, d->err);
    if (s)
        d->status = s;
}

static void decode(decoder *d)
{
    j_decompress_ptr j = &d->j;
    bool upright = !d->src->opt->keep_orientation;
    fc_channels channels;

    if (setjmp(d->fault)) {
        check_stated_size(d);
        return;
    }
    jpeg_create_decompress(j);
    j->src = &d->input;
    j->progress = &d->progress;
    if (upright)
        jpeg_save_markers(j, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(j, TRUE);
    d->status = fc_source_check_size(d->src, j->image_width, j->image_height, d->err);
    if (d->status)
        return;
    channels = set_colours(j);
    j->dct_method = JDCT_ISLOW;
    j->do_fancy_upsampling = TRUE;
    j->scale_num = choose_eighths(d);
    j->scale_denom = 8;
    jpeg_start_decompress(j);
    if (d->ran_out && jpeg_has_multiple_scans(j))
        give_up_truncated(d); /* all rows are there, but not all scans */
    d->status =
        fc_rows_begin(&d->rows, d->img, d->src, (int)j->output_width, (int)j->output_height,
                      (int)j->image_width, (int)j->image_height, (int)j->scale_num,
                      (fc_layout){.channels = channels, .depth = 8}, upright ? orientation_of(d) : 1, d->err);
    if (d->status)
        return;
    while (j->output_scanline < j->output_height) {
        JSAMPROW row = fc_rows_next(&d->rows);
        jpeg_read_scanlines(j, &row, 1);
        fc_rows_put(&d->rows, row);
    }
    if (d->ran_out && j->arith_code)
        give_up_truncated(d); /* that decoder takes zeros for what is missing and does not warn */
}

fc_status fc_jpeg_decode(fc_image *img, const fc_source *src, fc_error *err)
{
    decoder d = {.src = src, .img = img, .err = err};

    d.j.err = jpeg_std_error(&d.errors);
    d.errors.error_exit = on_error;
    d.errors.emit_message = on_warning;
    d.errors.output_message = on_message;
    d.input.next_input_byte = src->bytes;
    d.input.bytes_in_buffer = src->n;
    d.input.init_source = input_nothing;
    d.input.fill_input_buffer = input_fill;
    d.input.skip_input_data = input_skip;
    d.input.resync_to_restart = jpeg_resync_to_restart;
    d.input.term_source = input_nothing;
    d.progress.progress_monitor = on_progress;
    decode(&d);
    jpeg_destroy_decompress(&d.j);
    fc_rows_end(&d.rows);
    return d.status;
}
