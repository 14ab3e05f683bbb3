#include "video/video.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/module.h"
#include "image/image.h"
#include "image/rows.h"
#include "video/av.h"
#include "video/scene.h"

#ifdef FC_HAVE_VIDEO
#define ABSENT NULL
#else
#define ABSENT "this build reads no videos: it was made without libav"
#endif
static fc_module module = FC_MODULE("video", ABSENT);

/* The largest frame of H.264's and AV1's levels is 8192 x 4352; a decoder keeps many. */
enum { MAX_PIXELS = 8192 * 4352, SERVER_MS = 10000 };

struct fc_video {
    const fc_av_api *api;
    fc_av *av;
    fc_video_options opt;
    fc_image_options picture;
    char *name; /* masked; owned */
    int fd;     /* of the file; -1: none */
    int wake;
    double deadline; /* of what a server is asked for, as fc_now_ms */
    bool is_url;
    int64_t frame;
    double first;     /* pts of the first frame; NAN: none yet */
    double last_tick; /* of --fps */
    fc_scene scene;
    bool told_damage; /* what is wrong with the video was told */
};

bool fc_video_is_url(const char *name)
{
    static const char *const schemes[] = {"rtsp://",  "rtsps://", "rtmp://", "http://",
                                          "https://", "udp://",   "rtp://",  "srt://"};

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (!strncmp(name, schemes[i], strlen(schemes[i])))
            return true;
    return false;
}

char *fc_video_masked(const char *name)
{
    const char *host = strstr(name, "://"), *end, *at = NULL, *colon, *query;
    char *out = malloc(strlen(name) + 8), *to = out;

    if (!out)
        return NULL;
    if (!host || !fc_video_is_url(name))
        return strcpy(out, name);
    host += 3;
    end = host + strcspn(host, "/?#");
    for (const char *p = host; p < end; p++)
        if (*p == '@')
            at = p;
    colon = at ? memchr(host, ':', (size_t)(at - host)) : NULL;
    to = mempcpy(to, name, (size_t)((colon ? colon : host) - name));
    if (colon)
        to = stpcpy(to, ":***");
    if (at && !colon) /* a name alone may be a token */
        to = stpcpy(to, "***");
    host = at ? at : host;
    query = strchr(host, '?');
    to = mempcpy(to, host, query ? (size_t)(query - host) : strlen(host));
    strcpy(to, query ? "?***" : "");
    return out;
}

static int read_file(void *ctx, uint8_t *to, int n)
{
    const fc_video *v = ctx;
    ssize_t got;

    do
        got = read(v->fd, to, (size_t)n);
    while (got < 0 && errno == EINTR);
    return (int)got;
}

static int64_t seek_file(void *ctx, int64_t to, int whence)
{
    return lseek(((fc_video *)ctx)->fd, to, whence);
}

static bool is_over(void *ctx)
{
    const fc_video *v = ctx;
    struct pollfd p = {.fd = v->wake, .events = POLLIN};

    return fc_now_ms() > v->deadline || (v->wake >= 0 && poll(&p, 1, 0) > 0);
}

static fc_status begin(fc_video *v, const fc_video_from *from, fc_error *err)
{
    fc_error why;
    struct stat st = {0};
    fc_av_input in = {.name = v->name,
                      .read = from->read,
                      .ctx = from->read ? from->ctx : v,
                      .max_pixels = v->picture.max_pixels,
                      .keyframes = v->opt.keyframes};
    fc_status s = fc_module_need(&module, &why);

    if (s)
        return fc_fail(err, s, "%s: %s", v->name, why.message);
    v->api = module.table;
    if (v->is_url) {
        in.url = from->name;
        in.stop = is_over;
    } else if (!from->read) {
        s = fc_file_open(&v->fd, &st, from->name, FC_OPEN_FILE, err);
        in.read = read_file;
        in.seek = seek_file;
        in.size = st.st_size;
    }
    v->deadline = fc_now_ms() + SERVER_MS;
    return s ? s : v->api->open(&v->av, &in, err);
}

fc_status fc_video_open(fc_video **out, const fc_video_from *from, const fc_video_options *opt,
                        const fc_image_options *picture, fc_error *err)
{
    fc_video *v = calloc(1, sizeof *v);
    fc_status s;

    *out = NULL;
    if (!v)
        return fc_fail_nomem(err, sizeof *v);
    v->opt = *opt;
    if (picture)
        v->picture = *picture;
    if (!v->picture.max_pixels || v->picture.max_pixels > MAX_PIXELS)
        v->picture.max_pixels = MAX_PIXELS;
    v->is_url = !from->read && fc_video_is_url(from->name);
    v->name = fc_video_masked(from->name);
    v->fd = -1;
    v->wake = from->wake;
    v->first = NAN;
    v->last_tick = -INFINITY;
    s = v->name ? begin(v, from, err) : fc_fail_nomem(err, 0);
    if (s)
        fc_video_close(v);
    else
        *out = v;
    return s;
}

void fc_video_close(fc_video *v)
{
    if (!v)
        return;
    if (v->av)
        v->api->close(v->av);
    if (v->fd >= 0)
        close(v->fd);
    free(v->name);
    free(v);
}

/* Whether the options want the frame, as far as its number and time tell. *past: nor any later one. */
static bool is_wanted(fc_video *v, const fc_av_frame *f, int64_t frame, bool *past)
{
    const fc_video_options *o = &v->opt;
    double since;

    if (isnan(v->first))
        v->first = f->pts;
    since = f->pts - v->first;
    *past = o->duration > 0 && since >= o->start + o->duration;
    if (*past || (o->start > 0 && !(since >= o->start)))
        return false;
    if (o->keyframes && !f->key)
        return false;
    if (o->every > 1 && frame % o->every)
        return false;
    if (o->fps > 0 && isfinite(since)) { /* the first at or behind each tick */
        const double tick = floor(since * o->fps + 1e-6);
        if (tick <= v->last_tick)
            return false;
        v->last_tick = tick;
    }
    return true;
}

/* The frame decoded last, upright and reduced. */
static fc_status take(fc_video *v, const fc_av_frame *f, fc_image *img, fc_error *err)
{
    const fc_source src = {.name = v->name, .opt = &v->picture};
    const uint64_t bytes =
        fc_rows_bytes(&src, (uint64_t)f->w, (uint64_t)f->h, (uint64_t)f->w, (uint64_t)f->h) +
        (uint64_t)f->w * (uint64_t)f->h * (v->picture.to_be_turned ? 6 : 3);
    const uint8_t *rgb;
    size_t stride;
    fc_rows rows = {0};
    fc_status s = fc_memory_take(v->picture.memory, bytes, v->name, err);

    *img = (fc_image){0};
    if (s)
        return s;
    s = v->api->rgb(v->av, &rgb, &stride, err);
    if (!s)
        s = fc_rows_begin(&rows, img, &src, f->w, f->h, f->w, f->h, 8,
                          (fc_layout){.channels = FC_RGB, .depth = 8}, f->orientation, err);
    for (int y = 0; !s && y < f->h; y++)
        fc_rows_put(&rows, rgb + (size_t)y * stride);
    fc_rows_end(&rows);
    if (s) {
        fc_image_clear(img);
        fc_memory_give(v->picture.memory, bytes);
        return s;
    }
    img->memory = v->picture.memory;
    img->held = img->memory ? bytes : 0;
    return FC_OK;
}

static double unix_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + floor((double)t.tv_nsec / 1e6) / 1e3;
}

static fc_status end_of(fc_video *v, fc_error *err)
{
    const uint64_t n = v->api->damaged(v->av);

    if (v->told_damage || (n == 0 && v->frame > 0))
        return FC_END;
    v->told_damage = true;
    if (n == 0)
        return fc_fail(err, FC_ETRUNCATED, "%s: ends before its first frame", v->name);
    return fc_fail(err, FC_ECORRUPT, "%s: %llu of its frames could not be decoded", v->name,
                   (unsigned long long)n);
}

fc_status fc_video_next(fc_video *v, fc_video_frame *out, fc_error *err)
{
    *out = (fc_video_frame){0};
    for (;;) {
        fc_av_frame f;
        bool past;
        v->deadline = fc_now_ms() + SERVER_MS;
        fc_status s = v->told_damage ? FC_END : v->api->next(v->av, &f, err);
        if (s)
            return s == FC_END ? end_of(v, err) : s;
        const int64_t frame = v->frame++;
        if (!is_wanted(v, &f, frame, &past)) {
            if (past)
                return end_of(v, err);
            continue;
        }
        s = take(v, &f, &out->image, err);
        if (s)
            return s;
        if (v->opt.scene > 0 && !fc_scene_changed(&v->scene, &out->image, v->opt.scene)) {
            fc_image_clear(&out->image);
            continue;
        }
        out->frame = v->opt.keyframes ? -1 : frame;
        out->pts = f.pts;
        out->time = v->is_url ? unix_seconds() : NAN;
        return FC_OK;
    }
}
