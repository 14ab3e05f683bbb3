#include "image/sandbox_wire.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "image/image.h"

fc_status fc_sandbox_nonsense(const fc_source *src, fc_error *err)
{
    return fc_fail(err, FC_ECRASHED, "%s: the process that decodes it answered what cannot be so", src->name);
}

/* What can be wrong with a picture. */
static bool is_of_picture(int32_t status)
{
    return status == FC_ENOMEM || status == FC_EFORMAT || status == FC_ETRUNCATED || status == FC_ECORRUPT ||
           status == FC_ELIMIT || status == FC_EUNSUPPORTED;
}

static fc_status take_failure(const fc_source *src, const fc_sandbox_answer *a, fc_error *err)
{
    static const char name[] = FC_SANDBOX_NAME ": ";
    const size_t n = strlen(name);

    if (!is_of_picture(a->status) || !memchr(a->message, '\0', sizeof a->message))
        return fc_sandbox_nonsense(src, err);
    if (strncmp(a->message, name, n) != 0) /* as out of memory */
        return fc_fail(err, (fc_status)a->status, "%s", a->message);
    return fc_fail(err, (fc_status)a->status, "%s: %s", src->name, a->message + n);
}

/* Whether a picture of this size may come of the file, with these options. */
static bool is_allowed(const fc_source *src, const fc_sandbox_answer *a)
{
    const fc_image_options *o = src->opt;

    if (a->w < 1 || a->h < 1 || a->full_w < a->w || a->full_h < a->h || a->frames < 0 || a->damaged > 1)
        return false;
    if ((uint64_t)a->full_w * (uint64_t)a->full_h > o->max_pixels || (a->damaged && !o->keep_damaged))
        return false;
    if (o->max_side ? a->w > o->max_side || a->h > o->max_side : a->w != a->full_w || a->h != a->full_h)
        return false;
    return (uint64_t)a->w * 3 * (uint64_t)a->h <=
           src->claim->held; /* the product fits: w and h are below 2^31 */
}

static bool read_all(int fd, uint8_t *to, size_t n)
{
    size_t at = 0;
    ssize_t got = 1;

    while (at < n && got > 0) {
        got = pread(fd, to + at, n - at, (off_t)at);
        if (got > 0)
            at += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    return at == n;
}

fc_status fc_sandbox_take(fc_image *img, const fc_source *src, const void *answer, size_t n, int fd,
                          fc_error *err)
{
    fc_sandbox_answer a;
    fc_status s;

    *img = (fc_image){0};
    if (n != sizeof a)
        return fc_sandbox_nonsense(src, err);
    memcpy(&a, answer, sizeof a);
    if (a.status == FC_END) {
        src->claim->wanted = a.wanted;
        return FC_END;
    }
    if (a.status != FC_OK)
        return take_failure(src, &a, err);
    if (!is_allowed(src, &a))
        return fc_sandbox_nonsense(src, err);
    s = fc_image_new(img, a.w, a.h, err);
    if (s)
        return s;
    img->full_w = a.full_w;
    img->full_h = a.full_h;
    img->frames = a.frames;
    img->damaged = a.damaged;
    if (read_all(fd, img->rgb, img->stride * (size_t)img->h))
        return FC_OK;
    fc_image_clear(img);
    return fc_sandbox_nonsense(src, err);
}
