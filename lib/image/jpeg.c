#include "image/jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "base/error.h"
#include "image/exif.h"

/* A progressive file may hold any number of scans, each as much work as a picture; cameras write about 10. Both
 * bounds are far above what they write: scans of a small picture, and all samples that scans go over, in pixels of
 * the largest picture that is taken. */
enum { MAX_SCANS = 500, MAX_PASSES = 32 };

/* libjpeg-turbo's fast way through Huffman codes passes over codes that no table has without a word. It asks for
 * 512 bytes at hand for each block of an MCU; the other way, which warns, costs 3 % of the decoding. */
enum { CHUNK = 511 };

/* Behind the last MCU of a scan or restart interval, some cameras leave a few bytes, and some encoders zeros up to an
 * even address. Where decoding lost its way in damaged data, what is left over is longer. */
enum { MAX_STRAY = 7, MAX_PADDING = 63 };
enum { SOS = 0xda };

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
    size_t at, end;  /* of src->bytes: where the next chunk begins, and where the last one ends */
    bool ran_out;    /* libjpeg asked for more bytes than there are */
    bool damaged;    /* pixels are not the picture's, and wanted all the same */
    size_t fault_at; /* where libjpeg gave up in the data of the pixels; 0: it did not */
    int restarts; /* since bytes were left over: libjpeg adds up what was in its bit buffer at each of them */
    int scan;     /* the last one that was counted */
    uint64_t samples; /* in the scans so far */
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

/* Where in src->bytes libjpeg is. */
static size_t position(const decoder *d)
{
    return d->ran_out ? d->end : d->at - d->input.bytes_in_buffer;
}

_Noreturn static void on_error(j_common_ptr c)
{
    decoder *d = (decoder *)c;
    char why[JMSG_LENGTH_MAX];

    if (d->ran_out)
        give_up_truncated(d);
    c->err->format_message(c, why);
    if (d->j.input_scan_number > 0)
        d->fault_at = position(d);
    give_up(d, fc_fail(d->err, status_of(c->err->msg_code), "%s: JPEG: %s", d->src->name, why));
}

/* Some pixels are not the picture's, which is worse than none, unless the caller wants the rest. */
static void on_damage(decoder *d, bool truncated)
{
    d->damaged = true;
    if (d->src->opt->keep_damaged)
        return;
    if (truncated)
        give_up_truncated(d);
    on_error((j_common_ptr)&d->j);
}

/* What was left over before the marker that was just found is no sign of damage. */
static bool is_stray(decoder *d, size_t n)
{
    size_t end = position(d), most = MAX_STRAY * (size_t)(1 + d->restarts);

    d->restarts = 0;
    if (d->j.input_scan_number == 0 || n <= (most < MAX_PADDING ? most : MAX_PADDING))
        return true;
    if (d->ran_out || n > MAX_PADDING || n > end)
        return false;
    for (size_t i = end - n; i < end; i++)
        if (d->src->bytes[i] != 0)
            return false;
    return true;
}

/* libjpeg goes on after a warning, with grey where data is missing. */
static void on_warning(decoder *d)
{
    switch (d->errors.msg_code) {
    case JWRN_HIT_MARKER: /* the data of a scan is short of what the picture needs */
        on_damage(d, d->ran_out || d->j.unread_marker == JPEG_EOI);
        break;
    case JWRN_EXTRANEOUS_DATA:
        if (!is_stray(d, (size_t)d->errors.msg_parm.i[0]))
            on_damage(d, d->ran_out);
        break;
    case JWRN_ARITH_BAD_CODE:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
        on_damage(d, false);
        break;
    default: /* odd versions and the like do not matter */
        break;
    }
}

static void on_message(j_common_ptr c, int level)
{
    decoder *d = (decoder *)c;

    if (level < 0)
        on_warning(d);
    else if (c->err->msg_code == JTRC_RST)
        d->restarts++;
}

static void print_nothing(j_common_ptr c)
{
    (void)c; /* the library never prints */
}

/* Samples of the picture's component that fills these blocks. */
static uint64_t samples_of(const jpeg_component_info *c)
{
    return (uint64_t)c->width_in_blocks * c->height_in_blocks * DCTSIZE2;
}

/* One more scan, of so many samples. */
static void count_scan(decoder *d, uint64_t samples, int *scans)
{
    ++*scans;
    d->samples += samples;
    if (*scans > MAX_SCANS)
        give_up(d, fc_fail(d->err, FC_ELIMIT, "%s: a JPEG of more than %d scans", d->src->name, MAX_SCANS));
    if (d->samples / MAX_PASSES > d->src->opt->max_pixels)
        give_up(d, fc_fail(d->err, FC_ELIMIT,
                           "%s: a JPEG whose scans have more than %d times %llu samples, the limit of pixels",
                           d->src->name, MAX_PASSES, (unsigned long long)d->src->opt->max_pixels));
}

/* Samples of the scan whose header, behind its marker, is at p. */
static uint64_t samples_of_header(const decoder *d, const uint8_t *p, const uint8_t *end)
{
    uint64_t sum = 0;

    for (int i = 0; end - p > 3 + 2 * i && i < p[2]; i++)
        for (int k = 0; k < d->j.num_components; k++)
            if (d->j.comp_info[k].component_id == p[3 + 2 * i])
                sum += samples_of(&d->j.comp_info[k]);
    return sum;
}

/* The scans that follow the first one are counted before any is decoded. */
static void count_scans(decoder *d)
{
    const uint8_t *p = d->src->bytes + position(d), *end = d->src->bytes + d->end;
    int scans = 0;

    for (int i = 0; i < d->j.comps_in_scan; i++)
        d->samples += samples_of(d->j.cur_comp_info[i]);
    count_scan(d, 0, &scans);
    while ((p = memchr(p, 0xff, (size_t)(end - p))) && end - p > 2 && p[1] != JPEG_EOI) {
        if (p[1] == SOS)
            count_scan(d, samples_of_header(d, p + 2, end), &scans);
        p += p[1] == 0xff ? 1 : 2;
    }
    d->samples = 0;
}

static void check_time(decoder *d)
{
    const fc_status s = fc_source_check_time(d->src, d->err);

    if (s)
        give_up(d, s);
}

/* The scans as libjpeg finds them. */
static void on_progress(j_common_ptr c)
{
    decoder *d = (decoder *)c;
    uint64_t samples = 0;
    int before = d->j.input_scan_number - 1;

    check_time(d);
    if (d->scan == d->j.input_scan_number)
        return;
    d->scan = d->j.input_scan_number;
    for (int i = 0; i < d->j.comps_in_scan; i++)
        samples += samples_of(d->j.cur_comp_info[i]);
    count_scan(d, samples, &before);
}

static void input_nothing(j_decompress_ptr j)
{
    (void)j;
}

/* At the end of the bytes an EOI is made up, so that decoding ends; ran_out remembers that it was. */
static boolean input_fill(j_decompress_ptr j)
{
    static const JOCTET eoi[2] = {0xff, JPEG_EOI};
    decoder *d = (decoder *)j;
    size_t n = d->end - d->at < CHUNK ? d->end - d->at : CHUNK;

    d->ran_out = n == 0;
    j->src->next_input_byte = n ? d->src->bytes + d->at : eoi;
    j->src->bytes_in_buffer = n ? n : sizeof eoi;
    d->at += n;
    return TRUE;
}

static void input_skip(j_decompress_ptr j, long n)
{
    decoder *d = (decoder *)j;
    size_t skip = n > 0 ? (size_t)n : 0, here = j->src->bytes_in_buffer;

    if (skip <= here) {
        j->src->next_input_byte += skip;
        j->src->bytes_in_buffer -= skip;
        return;
    }
    skip -= here;
    d->at = skip <= d->end - d->at ? d->at + skip : d->end;
    input_fill(j);
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

/* What libjpeg takes: all coefficients where there are several scans, and some lines. */
static uint64_t decoder_bytes(const decoder *d)
{
    enum { LINES = 64 };
    uint64_t n = (uint64_t)d->j.image_width * (uint64_t)d->j.num_components * LINES;

    for (int i = 0; jpeg_has_multiple_scans((j_decompress_ptr)&d->j) && i < d->j.num_components; i++) {
        const jpeg_component_info *c = &d->j.comp_info[i];
        uint64_t across = (uint64_t)c->width_in_blocks + (uint64_t)c->h_samp_factor;
        uint64_t down = (uint64_t)c->height_in_blocks + (uint64_t)c->v_samp_factor;
        n += across * down * sizeof(JBLOCK);
    }
    return n;
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
    if (jpeg_has_multiple_scans(j))
        count_scans(d);
    channels = set_colours(j);
    j->dct_method = JDCT_ISLOW;
    j->do_fancy_upsampling = TRUE;
    j->scale_num = choose_eighths(d);
    j->scale_denom = 8;
    jpeg_calc_output_dimensions(j);
    d->status = fc_source_claim(
        d->src, decoder_bytes(d),
        fc_rows_bytes(d->src, j->output_width, j->output_height, j->image_width, j->image_height), d->err);
    if (d->status)
        return;
    jpeg_start_decompress(j);
    if (d->ran_out && jpeg_has_multiple_scans(j))
        on_damage(d, true); /* all rows are there, but not all scans */
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
        check_time(d);
    }
    if (d->ran_out && j->arith_code)
        on_damage(d, true);    /* that decoder takes zeros for what is missing and does not warn */
    jpeg_finish_decompress(j); /* tells what was left over */
}

/* The bytes up to end. */
static void decode_up_to(decoder *d, size_t end)
{
    d->j = (struct jpeg_decompress_struct){.err = jpeg_std_error(&d->errors)};
    d->errors.error_exit = on_error;
    d->errors.emit_message = on_message;
    d->errors.output_message = print_nothing;
    d->input = (struct jpeg_source_mgr){
        .init_source = input_nothing,
        .fill_input_buffer = input_fill,
        .skip_input_data = input_skip,
        .resync_to_restart = jpeg_resync_to_restart,
        .term_source = input_nothing,
    };
    d->progress.progress_monitor = on_progress;
    d->status = FC_OK;
    d->at = d->fault_at = 0;
    d->scan = d->restarts = 0;
    d->samples = 0;
    d->ran_out = false;
    d->end = end;
    decode(d);
    jpeg_destroy_decompress(&d->j);
    fc_rows_end(&d->rows);
}

fc_status fc_jpeg_decode(fc_image *img, const fc_source *src, fc_error *err)
{
    decoder d = {.src = src, .img = img, .err = err};

    decode_up_to(&d, src->n);
    if (d.status == FC_ECORRUPT && d.fault_at > 2 && src->opt->keep_damaged) {
        fc_image_clear(img);
        d.damaged = true;
        if (err)
            *err = (fc_error){0};
        decode_up_to(&d, d.fault_at - 2); /* without the marker that made no sense */
    }
    img->damaged = d.damaged;
    return d.status;
}
