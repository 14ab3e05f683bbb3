#include "video/writer.h"

#include <stdlib.h>

#include "base/atomic.h"
#include "base/error.h"
#include "video/feed.h"

struct fc_video_writer {
    const fc_av_api *api;
    fc_av_writer *av;
    fc_atomic_file file;
    const char *path; /* file's */
    int w, h;
};

static int write_file(void *ctx, uint8_t *data, int n)
{
    fc_video_writer *v = ctx;

    return fwrite(data, 1, (size_t)n, v->file.f) == (size_t)n ? n : -1;
}

static int64_t seek_file(void *ctx, int64_t to, int whence)
{
    fc_video_writer *v = ctx;

    return fseeko(v->file.f, (off_t)to, whence) ? -1 : (int64_t)ftello(v->file.f);
}

fc_status fc_video_create(fc_video_writer **out, const char *path, int w, int h, fc_error *err)
{
    fc_video_writer *v = calloc(1, sizeof *v);
    fc_status s;

    *out = NULL;
    if (!v)
        return fc_fail_nomem(err, sizeof *v);
    v->w = w;
    v->h = h;
    s = w < 2 || h < 2
            ? fc_fail(err, FC_EUSAGE, "%s: a video of %d x %d pixels: want 2 x 2 or more", path, w, h)
            : fc_feed_api(&v->api, path, err);
    if (!s)
        s = fc_atomic_open(&v->file, path, err);
    if (!s)
        s = v->api->write_open(&v->av,
                               &(fc_av_output){.name = path,
                                               .write = write_file,
                                               .seek = seek_file,
                                               .ctx = v,
                                               .w = w / 2 * 2,
                                               .h = h / 2 * 2},
                               err);
    v->path = v->file.path;
    if (s)
        fc_video_discard(v);
    else
        *out = v;
    return s;
}

fc_status fc_video_put(fc_video_writer *v, const fc_image *img, double seconds, fc_error *err)
{
    if (img->w != v->w || img->h != v->h)
        return fc_fail(err, FC_EUNSUPPORTED, "%s: a frame of %d x %d pixels behind those of %d x %d", v->path,
                       img->w, img->h, v->w, v->h);
    return v->api->write(v->av, img->rgb, img->stride, seconds, err);
}

fc_status fc_video_commit(fc_video_writer *v, fc_error *err)
{
    const fc_status s = v->api->write_end(v->av, err);

    return s ? s : fc_atomic_commit(&v->file, err);
}

void fc_video_discard(fc_video_writer *v)
{
    if (!v)
        return;
    if (v->av)
        v->api->write_close(v->av);
    fc_atomic_discard(&v->file);
    free(v);
}
