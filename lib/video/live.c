#include "video/live.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/grow.h"
#include "video/painter.h"
#include "video/scene.h"
#include "video/stream.h"

struct one {
    fc_stream *stream;
    char *src, *name; /* owned; masked: in records, and in messages */
    fc_painter painter;
    fc_scene scene;
    uint64_t dropped; /* frames since one was given */
    bool bad;         /* the last one could not be made a picture */
    bool ended;
};

struct fc_live {
    fc_video_options opt;
    fc_image_options picture;
    int wake, arrived;
    struct one *one; /* [n] */
    size_t n, cap, next, ended;
};

fc_status fc_live_new(fc_live **out, int wake, const fc_video_options *opt, const fc_image_options *picture,
                      fc_error *err)
{
    fc_live *l = calloc(1, sizeof *l);

    *out = NULL;
    if (!l)
        return fc_fail_nomem(err, sizeof *l);
    l->opt = *opt;
    l->picture = *picture;
    l->wake = wake;
    l->arrived = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->arrived < 0) {
        fc_fail_errno(err, "eventfd");
        free(l);
        return err->status;
    }
    *out = l;
    return FC_OK;
}

static void close_one(struct one *o)
{
    fc_stream_free(o->stream);
    fc_painter_close(&o->painter);
    free(o->src);
    free(o->name);
}

fc_status fc_live_add(fc_live *l, const fc_video_from *from, const char *src, fc_feed *feed, fc_error *err)
{
    const bool stream = !from->read && fc_video_is_stream(from->name);
    fc_stream_how how = {.from = *from,
                         .feed = feed,
                         .own_pace = !stream && (!from->read || from->seek),
                         .ends = !stream,
                         .opt = l->opt,
                         .arrived = l->arrived};
    struct one o = {.src = fc_video_masked(src), .name = fc_video_masked(from->name)};
    fc_status s = o.src && o.name ? FC_OK : fc_fail_nomem(err, 0);

    how.from.wake = l->wake;
    if (!s)
        s = fc_grow(&l->one, l->n + 1, &l->cap, sizeof *l->one, err);
    if (!s)
        s = fc_painter_open(&o.painter, o.name, &l->picture, err);
    if (s) {
        fc_feed_close(feed);
        close_one(&o);
        return s;
    }
    how.max_pixels = o.painter.picture.max_pixels;
    s = fc_stream_start(&o.stream, &how, err);
    if (s) {
        close_one(&o);
        return s;
    }
    l->one[l->n++] = o;
    return FC_OK;
}

static bool is_wanted(const fc_live *l, struct one *o, const fc_image *img)
{
    return l->opt.scene <= 0 || fc_scene_changed(&o->scene, img, l->opt.scene);
}

/* FC_END: the frame is none that is wanted, or is as bad as the one before it. Another fault is the frame's. */
static fc_status take_frame(fc_live *l, struct one *o, const fc_stream_event *e, fc_video_frame *out,
                            fc_error *err)
{
    const fc_status s = fc_painter_take(&o->painter, e->still, &e->frame, &out->image, err);
    const bool was_bad = o->bad;

    o->painter.api->still_free(e->still);
    o->bad = s != FC_OK;
    o->dropped += e->dropped + o->bad;
    if (s) {
        fc_stream_unused(o->stream, true);
        return was_bad && s != FC_ENOMEM ? FC_END : s;
    }
    if (!is_wanted(l, o, &out->image)) {
        fc_image_clear(&out->image);
        fc_stream_unused(o->stream, false);
        return FC_END;
    }
    out->frame = e->number;
    out->pts = e->frame.pts;
    out->time = e->time;
    out->dropped = (int64_t)o->dropped;
    o->dropped = 0;
    return FC_OK;
}

/* FC_END: it has nothing now. */
static fc_status take_of(fc_live *l, struct one *o, fc_live_event *out, fc_error *err)
{
    fc_stream_event e;
    fc_status s = FC_END;

    *out = (fc_live_event){.src = o->src};
    while (s == FC_END && fc_stream_take(o->stream, &e)) {
        out->why = e.why;
        out->gap = e.gap;
        s = FC_OK;
        switch (e.kind) {
        case FC_STREAM_NOTE:
            out->kind = FC_LIVE_NOTE;
            break;
        case FC_STREAM_GAP:
            out->kind = FC_LIVE_GAP;
            break;
        case FC_STREAM_FAULT:
            out->kind = FC_LIVE_FAULT;
            break;
        case FC_STREAM_STILL:
            out->kind = FC_LIVE_FRAME;
            s = take_frame(l, o, &e, &out->frame, &out->why);
            if (s == FC_ENOMEM)
                return fc_fail(err, s, "%s", out->why.message);
            if (s && s != FC_END) { /* the stream may be better later on */
                out->kind = FC_LIVE_FAULT;
                s = FC_OK;
            }
            break;
        case FC_STREAM_END:
            l->ended++;
            o->ended = true;
            s = FC_END;
            break;
        }
    }
    return s;
}

/* Until something came; false: woken. */
static bool wait_for_any(const fc_live *l, int ms)
{
    struct pollfd p[] = {{.fd = l->wake, .events = POLLIN}, {.fd = l->arrived, .events = POLLIN}};
    eventfd_t n;
    int ready;

    do
        ready = poll(p, 2, ms);
    while (ready < 0 && errno == EINTR);
    if (p[1].revents)
        eventfd_read(l->arrived, &n);
    return !p[0].revents;
}

fc_status fc_live_next(fc_live *l, fc_live_event *out, fc_error *err)
{
    *out = (fc_live_event){0};
    if (!wait_for_any(l, 0))
        return FC_END;
    while (l->ended < l->n) {
        for (size_t i = 0; i < l->n; i++) {
            struct one *o = &l->one[(l->next + i) % l->n];
            const fc_status s = o->ended ? FC_END : take_of(l, o, out, err);
            if (s != FC_END) {
                l->next = (l->next + i + 1) % l->n;
                return s;
            }
        }
        if (l->ended < l->n && !wait_for_any(l, -1))
            break;
    }
    return FC_END;
}

size_t fc_live_count(const fc_live *l)
{
    return l->n;
}

fc_live_facts fc_live_facts_of(const fc_live *l, size_t i)
{
    return fc_stream_facts(l->one[i].stream);
}

void fc_live_free(fc_live *l)
{
    if (!l)
        return;
    eventfd_write(l->wake, 1);
    for (size_t i = 0; i < l->n; i++)
        close_one(&l->one[i]);
    free(l->one);
    close(l->arrived);
    free(l);
}
