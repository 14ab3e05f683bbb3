#include "image/jpeg_encode.h"

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "base/error.h"

typedef struct encoder {
    struct jpeg_compress_struct j; /* first: libjpeg hands it back */
    struct jpeg_error_mgr errors;
    jmp_buf fault;
    char why[JMSG_LENGTH_MAX];
} encoder;

_Noreturn static void on_error(j_common_ptr c)
{
    encoder *e = (encoder *)c;

    c->err->format_message(c, e->why);
    longjmp(e->fault, 1);
}

static bool encode(encoder *e, const fc_image *img, FILE *f, int quality)
{
    if (setjmp(e->fault))
        return false;
    jpeg_create_compress(&e->j);
    jpeg_stdio_dest(&e->j, f);
    e->j.image_width = (JDIMENSION)img->w;
    e->j.image_height = (JDIMENSION)img->h;
    e->j.input_components = 3;
    e->j.in_color_space = JCS_RGB;
    jpeg_set_defaults(&e->j);
    jpeg_set_quality(&e->j, quality, TRUE);
    /* Text and thin lines keep their colours. */
    e->j.comp_info[0].h_samp_factor = e->j.comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(&e->j, TRUE);
    for (int y = 0; y < img->h; y++) {
        JSAMPROW row = img->rgb + (size_t)y * img->stride;
        jpeg_write_scanlines(&e->j, &row, 1);
    }
    jpeg_finish_compress(&e->j);
    return true;
}

fc_status fc_jpeg_encode(const fc_image *img, int quality, FILE *f, const char *name, fc_error *err)
{
    encoder e = {0};
    fc_status s = FC_OK;

    e.j.err = jpeg_std_error(&e.errors);
    e.errors.error_exit = on_error;
    if (!encode(&e, img, f, quality))
        s = fc_fail(err, FC_EIO, "%s: JPEG: %s", name, e.why);
    jpeg_destroy_compress(&e.j);
    return s;
}
