#include "video/feed.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/module.h"
#include "video/camera.h"
#include "video/capture.h"

#ifdef FC_HAVE_VIDEO
#define ABSENT NULL
#else
#define ABSENT "this build reads no videos: it was made without libav"
#endif
static fc_module module = FC_MODULE("video", ABSENT);
#ifdef FC_HAVE_CAMERA
#define NO_CAMERA NULL
#else
#define NO_CAMERA "this build takes no cameras: it was made without libavdevice"
#endif
static fc_module camera_module = FC_MODULE("camera", NO_CAMERA);

struct fc_feed {
    const fc_av_api *api;
    fc_av *av;
    char *name; /* masked; owned */
    int fd;     /* of the file; -1: none */
    int wake;
    bool is_stream;
    double patience; /* seconds for a frame */
    double deadline; /* of what a server is asked for now, as fc_now */
    double until;    /* and of all */
};

/* A module; name is for the message. */
static fc_status need(fc_module *m, const char *name, fc_error *err)
{
    fc_error why;
    const fc_status s = fc_module_need(m, &why);

    return s ? fc_fail(err, s, "%s: %s", name, why.message) : FC_OK;
}

fc_status fc_feed_api(const fc_av_api **out, const char *name, fc_error *err)
{
    const fc_status s = need(&module, name, err);

    *out = module.table;
    return s;
}

static int read_file(void *ctx, uint8_t *to, int n)
{
    const fc_feed *f = ctx;
    ssize_t got;

    do
        got = read(f->fd, to, (size_t)n);
    while (got < 0 && errno == EINTR);
    return (int)got;
}

static int64_t seek_file(void *ctx, int64_t to)
{
    return lseek(((fc_feed *)ctx)->fd, to, SEEK_SET);
}

static bool is_over(void *ctx)
{
    const fc_feed *f = ctx;
    struct pollfd p = {.fd = f->wake, .events = POLLIN};

    return fc_now() > fmin(f->deadline, f->until) || (f->wake >= 0 && poll(&p, 1, 0) > 0);
}

static fc_status begin_camera(const fc_feed *f, fc_av_input *in, const fc_video_options *opt, fc_error *err)
{
    const fc_status s = need(&camera_module, f->name, err);

    if (s)
        return s;
    if (!((const fc_camera_api *)camera_module.table)->begin())
        return fc_fail(err, FC_EUNSUPPORTED, "%s: this libavdevice takes no cameras", f->name);
    in->camera = true;
    return fc_capture_parse(&in->capture, opt->capture, err);
}

static fc_status begin(fc_feed *f, const fc_video_from *from, const fc_video_options *opt,
                       uint64_t max_pixels, fc_error *err)
{
    struct stat st = {0};
    fc_av_input in = {.name = f->name,
                      .read = from->read,
                      .seek = from->seek,
                      .size = from->size,
                      .ctx = from->read ? from->ctx : f,
                      .max_pixels = max_pixels,
                      .keyframes = opt->keyframes};
    fc_status s = fc_feed_api(&f->api, f->name, err);

    if (s)
        return s;
    if (f->is_stream) {
        in.url = from->name;
        in.stop = is_over;
        s = fc_video_is_camera(from->name) ? begin_camera(f, &in, opt, err) : FC_OK;
    } else if (!from->read) {
        s = fc_file_open(&f->fd, &st, from->name, FC_OPEN_FILE, err);
        in.read = read_file;
        in.seek = seek_file;
        in.size = st.st_size;
    }
    f->deadline = fc_now() + (opt->open_timeout > 0 ? opt->open_timeout : FC_VIDEO_TIMEOUT);
    return s ? s : f->api->open(&f->av, &in, err);
}

fc_status fc_feed_open(fc_feed **out, const fc_video_from *from, const fc_video_options *opt,
                       uint64_t max_pixels, fc_error *err)
{
    fc_feed *f = calloc(1, sizeof *f);
    fc_status s;

    *out = NULL;
    if (!f)
        return fc_fail_nomem(err, sizeof *f);
    f->is_stream = !from->read && fc_video_is_stream(from->name);
    f->name = fc_video_masked(from->name);
    f->fd = -1;
    f->wake = from->wake;
    f->patience = opt->read_timeout > 0 ? opt->read_timeout : FC_VIDEO_TIMEOUT;
    f->until = INFINITY;
    s = f->name ? begin(f, from, opt, max_pixels, err) : fc_fail_nomem(err, 0);
    if (s)
        fc_feed_close(f);
    else
        *out = f;
    return s;
}

void fc_feed_until(fc_feed *f, double until)
{
    f->until = until;
}

fc_status fc_feed_next(fc_feed *f, fc_av_frame *out, fc_error *err)
{
    f->deadline = fc_now() + f->patience;
    return f->api->next(f->av, out, err);
}

fc_status fc_feed_still(fc_feed *f, fc_av_still **out, fc_error *err)
{
    return f->api->still(f->av, out, err);
}

uint64_t fc_feed_damaged(const fc_feed *f)
{
    return f->api->damaged(f->av);
}

bool fc_feed_is_endless(const fc_feed *f)
{
    return f->is_stream && f->api->endless(f->av);
}

void fc_feed_close(fc_feed *f)
{
    if (!f)
        return;
    f->deadline = fc_now() + 1; /* for saying goodbye */
    if (f->av)
        f->api->close(f->av);
    if (f->fd >= 0)
        close(f->fd);
    free(f->name);
    free(f);
}
