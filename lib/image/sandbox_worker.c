/* facecheck-sandbox: decodes pictures for a program that does not trust them, confined. It is started by sandbox.c alone, and
 * prints nothing. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "image/image.h"
#include "image/sandbox_confine.h"
#include "image/sandbox_wire.h"

enum { WRONGLY_STARTED = 2 };

/* A budget of which nothing is left: a picture has what was granted. */
static fc_memory *nothing;

static bool take_in(void *to, size_t n)
{
    return read(FC_SANDBOX_SOCKET, to, n) == (ssize_t)n;
}

static void answer(const fc_sandbox_answer *a)
{
    if (write(FC_SANDBOX_SOCKET, a, sizeof *a) != (ssize_t)sizeof *a)
        _exit(WRONGLY_STARTED);
}

static fc_status read_file(uint8_t *to, uint64_t n, fc_error *err)
{
    for (uint64_t at = 0; at < n;) {
        const ssize_t got = pread(FC_SANDBOX_MEMORY, to + at, n - at, (off_t)at);
        if (got <= 0)
            return fc_fail(err, FC_ETRUNCATED, FC_SANDBOX_NAME ": fewer bytes than there were");
        at += (uint64_t)got;
    }
    return FC_OK;
}

static fc_status write_pixels(const fc_image *img, fc_error *err)
{
    const size_t n = img->stride * (size_t)img->h;

    for (size_t at = 0; at < n;) {
        const ssize_t put = pwrite(FC_SANDBOX_MEMORY, img->rgb + at, n - at, (off_t)at);
        if (put <= 0)
            return fc_fail_nomem(err, n);
        at += (size_t)put;
    }
    return FC_OK;
}

/* to_be_copied: it is held twice, here and in the shared memory, once the decoder is gone. */
static fc_status decode(fc_image *img, const fc_sandbox_job *j, const uint8_t *bytes, fc_claim *claim,
                        fc_error *err)
{
    const fc_image_options o = {.max_pixels = j->max_pixels,
                                .max_bytes = j->n,
                                .max_side = j->max_side,
                                .keep_orientation = j->keep_orientation,
                                .keep_damaged = j->keep_damaged,
                                .to_be_copied = true,
                                .memory = nothing};
    const fc_source src = {.name = FC_SANDBOX_NAME, .bytes = bytes, .n = j->n, .opt = &o, .claim = claim};
    fc_status s = fc_image_try(img, &src, err);

    return s ? s : write_pixels(img, err);
}

static void do_job(const fc_sandbox_job *j)
{
    fc_sandbox_answer a = {0};
    fc_claim claim = {.held = j->granted ? j->granted : 1};
    uint8_t *bytes = malloc(j->n);
    fc_image img = {0};
    fc_error err = {0};
    fc_status s = bytes ? read_file(bytes, j->n, &err) : fc_fail_nomem(&err, j->n);

    if (!s)
        s = decode(&img, j, bytes, &claim, &err);
    a.status = (int32_t)s;
    a.wanted = claim.wanted;
    if (!s) {
        a.w = img.w;
        a.h = img.h;
        a.full_w = img.full_w;
        a.full_h = img.full_h;
        a.frames = img.frames;
        a.damaged = img.damaged;
    }
    snprintf(a.message, sizeof a.message, "%s", err.message);
    fc_image_clear(&img);
    free(bytes);
    answer(&a);
}

static fc_status begin(const fc_sandbox_start *start, fc_error *err)
{
    fc_status s;

    if (strncmp(start->version, FC_VERSION, sizeof start->version) != 0)
        return fc_fail(err, FC_EUNSUPPORTED, "it is of another version");
    mallopt(M_ARENA_MAX, 1); /* each reserves addresses, of which there is a limit */
    for (int f = 0; f < FC_FORMATS; f++)
        if (start->formats >> f & 1)
            fc_image_prepare((fc_format)f);
    s = fc_memory_new(&nothing, 1, err);
    if (s)
        return s;
    fc_memory_take_now(nothing, 1);
    return fc_sandbox_confine(FC_SANDBOX_SOCKET, FC_SANDBOX_MEMORY, start->memory, err);
}

int main(void)
{
    fc_sandbox_start start;
    fc_sandbox_job job;
    fc_sandbox_answer ready = {0};
    fc_error err = {0};

    if (!take_in(&start, sizeof start))
        return WRONGLY_STARTED;
    ready.status = (int32_t)begin(&start, &err);
    snprintf(ready.message, sizeof ready.message, "%s", err.message);
    answer(&ready);
    while (!ready.status && take_in(&job, sizeof job))
        do_job(&job);
    _exit(EXIT_SUCCESS); /* what runs at the end of a process wants what is not allowed here */
}
