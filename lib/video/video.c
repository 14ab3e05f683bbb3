#include "video/video.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "video/choose.h"
#include "video/feed.h"
#include "video/painter.h"
#include "video/scene.h"

struct fc_video {
    fc_feed *feed;
    fc_painter painter;
    fc_chooser chooser;
    char *name; /* masked; owned */
    bool is_stream;
    int64_t frame;
    fc_scene scene;
    bool told_damage; /* what is wrong with the video was told */
};

static fc_status begin(fc_video *v, const fc_video_from *from, const fc_image_options *picture, fc_error *err)
{
    const fc_status s = fc_painter_open(&v->painter, v->name, picture, err);

    return s ? s : fc_feed_open(&v->feed, from, &v->chooser.opt, v->painter.picture.max_pixels, err);
}

fc_status fc_video_open(fc_video **out, const fc_video_from *from, const fc_video_options *opt,
                        const fc_image_options *picture, fc_error *err)
{
    fc_video *v = calloc(1, sizeof *v);
    fc_status s;

    *out = NULL;
    if (!v)
        return fc_fail_nomem(err, sizeof *v);
    v->chooser.opt = *opt;
    v->is_stream = !from->read && fc_video_is_stream(from->name);
    v->name = fc_video_masked(from->name);
    s = v->name ? begin(v, from, picture, err) : fc_fail_nomem(err, 0);
    if (s)
        fc_video_close(v);
    else
        *out = v;
    return s;
}

bool fc_video_is_endless(const fc_video *v)
{
    return fc_feed_is_endless(v->feed);
}

fc_feed *fc_video_leave(fc_video *v)
{
    fc_feed *feed = v->feed;

    v->feed = NULL;
    fc_video_close(v);
    return feed;
}

void fc_video_close(fc_video *v)
{
    if (!v)
        return;
    fc_feed_close(v->feed);
    fc_painter_close(&v->painter);
    free(v->name);
    free(v);
}

double fc_video_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + floor((double)t.tv_nsec / 1e6) / 1e3;
}

/* The frame decoded last. */
static fc_status take(fc_video *v, const fc_av_frame *f, fc_image *img, fc_error *err)
{
    fc_av_still *still;
    fc_status s = fc_feed_still(v->feed, &still, err);

    if (s)
        return s;
    s = fc_painter_take(&v->painter, still, f, img, err);
    v->painter.api->still_free(still);
    return s;
}

static fc_status end_of(fc_video *v, fc_error *err)
{
    const uint64_t n = fc_feed_damaged(v->feed);

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
    const fc_video_options *opt = &v->chooser.opt;

    *out = (fc_video_frame){0};
    for (;;) {
        fc_av_frame f;
        bool past;
        fc_status s = v->told_damage ? FC_END : fc_feed_next(v->feed, &f, err);
        if (s)
            return s == FC_END ? end_of(v, err) : s;
        const int64_t frame = v->frame++;
        if (!fc_chooser_wants(&v->chooser, &f, frame, f.pts, &past)) {
            if (past)
                return end_of(v, err);
            continue;
        }
        s = take(v, &f, &out->image, err);
        if (s)
            return s;
        if (opt->scene > 0 && !fc_scene_changed(&v->scene, &out->image, opt->scene)) {
            fc_image_clear(&out->image);
            continue;
        }
        out->frame = opt->keyframes ? -1 : frame;
        out->pts = f.pts;
        out->time = v->is_stream ? fc_video_clock() : NAN;
        out->dropped = -1;
        return FC_OK;
    }
}
