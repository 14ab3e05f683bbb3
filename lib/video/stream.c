#include "video/stream.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/error.h"
#include "video/backoff.h"
#include "video/choose.h"
#include "video/stream_box.h"

enum { MOST_SECONDS_BETWEEN = 30 };
static const double odd_step = 10; /* seconds from one time stamp to the next in a file; more is a jump */

struct fc_stream {
    fc_stream_how how;
    char *name, *shown; /* owned; shown is masked */
    const fc_av_api *api;
    pthread_t thread;
    bool started;

    /* the thread's alone */
    fc_feed *feed;
    fc_chooser chooser;
    fc_backoff backoff;
    int64_t number;
    uint64_t attempts; /* since the last frame */
    double last;       /* Unix seconds of that, or of the beginning */
    bool any;          /* there was a frame */
    bool is_away, past;
    double first_pts, last_pts, began; /* own_pace: as the time stamps, and the clock, had it */
    fc_error why;                      /* is_away */

    pthread_mutex_t lock; /* of all below */
    fc_stream_box box;
    fc_live_facts facts;
};

/* ---- what is handed over ---- */

static void ring(const fc_stream *s)
{
    eventfd_write(s->how.arrived, 1);
}

static void put_note(fc_stream *s, const char *what, double seconds)
{
    pthread_mutex_lock(&s->lock);
    s->box.noted = true;
    fc_fail(&s->box.note, FC_OK, what, s->shown, seconds);
    pthread_mutex_unlock(&s->lock);
    ring(s);
}

/* The stream is back: before its frame is put. */
static void put_gap(fc_stream *s, double to)
{
    const fc_gap gap = {.from = s->last, .to = to, .attempts = s->attempts};

    pthread_mutex_lock(&s->lock);
    s->facts.gaps++;
    fc_stream_box_put_gap(&s->box, &gap, &s->why);
    pthread_mutex_unlock(&s->lock);
}

static void put_frame(fc_stream *s, const fc_stream_event *frame)
{
    pthread_mutex_lock(&s->lock);
    fc_av_still *old = fc_stream_box_put_frame(&s->box, frame);
    s->facts.dropped += old != NULL;
    s->facts.wanted++;
    pthread_mutex_unlock(&s->lock);
    ring(s);
    if (old)
        s->api->still_free(old);
}

/* fault NULL: a clean end. */
static void put_end(fc_stream *s, const fc_error *fault)
{
    const bool lost = fault && s->any && !s->how.ends;
    fc_stream_box *b = &s->box;

    pthread_mutex_lock(&s->lock);
    if (lost)
        b->last = (fc_stream_absence){true, {.from = s->last, .to = NAN, .attempts = s->attempts}, *fault};
    else if (fault)
        b->why_failed = *fault;
    b->failed = fault && !lost;
    b->ended = true;
    s->facts.gaps += lost;
    pthread_mutex_unlock(&s->lock);
    ring(s);
}

bool fc_stream_take(fc_stream *s, fc_stream_event *out)
{
    pthread_mutex_lock(&s->lock);
    const bool any = fc_stream_box_take(&s->box, out);
    s->facts.taken += any && out->kind == FC_STREAM_STILL;
    pthread_mutex_unlock(&s->lock);
    return any;
}

void fc_stream_unused(fc_stream *s, bool dropped)
{
    pthread_mutex_lock(&s->lock);
    s->facts.taken--;
    s->facts.dropped += dropped;
    s->facts.wanted -= !dropped;
    pthread_mutex_unlock(&s->lock);
}

fc_live_facts fc_stream_facts(fc_stream *s)
{
    pthread_mutex_lock(&s->lock);
    const fc_live_facts facts = s->facts;
    pthread_mutex_unlock(&s->lock);
    return facts;
}

/* ---- the thread ---- */

/* Waits, but not beyond what is wanted; false: it is to end. */
static bool wait_for(const fc_stream *s, double seconds)
{
    const double now = fc_now(), until = fmin(now + seconds, fc_chooser_end(&s->chooser));
    struct pollfd p = {.fd = s->how.from.wake, .events = POLLIN};

    return poll(&p, 1, until > now ? (int)ceil((until - now) * 1e3) : 0) <= 0;
}

static bool is_past(const fc_stream *s)
{
    return s->past || fc_now() >= fc_chooser_end(&s->chooser);
}

/* When a file's frame is to be shown. A jump of the time stamps is none of the clock. */
static bool wait_for_its_time(fc_stream *s, double pts)
{
    if (isnan(pts))
        return wait_for(s, 0);
    if (isnan(s->first_pts) || !(pts >= s->last_pts && pts < s->last_pts + odd_step)) {
        s->first_pts = pts;
        s->began = fc_now();
    }
    s->last_pts = pts;
    return wait_for(s, s->began + pts - s->first_pts - fc_now());
}

/* A frame came; wanted or not, the stream is there. */
static void be_back(fc_stream *s, double time)
{
    if (s->is_away) {
        put_gap(s, time);
        put_note(s, "%s: is back after %.1f seconds", time - s->last);
    }
    s->is_away = false;
    if (!s->any) {
        s->any = true;
        pthread_mutex_lock(&s->lock);
        s->facts.reached = true;
        pthread_mutex_unlock(&s->lock);
    }
    s->attempts = 0;
    s->backoff.failed = 0;
    s->last = time;
}

/* Frames, up to the end of what is open now. *over: the thread is to end. */
static fc_status pump(fc_stream *s, bool *over, fc_error *err)
{
    fc_av_frame f;
    fc_av_still *still;
    fc_status st;

    for (;;) {
        fc_feed_until(s->feed, fc_chooser_end(&s->chooser));
        st = fc_feed_next(s->feed, &f, err);
        if (st)
            return st;
        *over = s->how.own_pace && !wait_for_its_time(s, f.pts);
        if (*over)
            return FC_OK;
        const double at = fc_now(), time = fc_video_clock();
        const int64_t number = s->number++;
        be_back(s, time);
        if (!fc_chooser_wants(&s->chooser, &f, number, at, &s->past)) {
            *over = s->past;
            if (*over)
                return FC_OK;
            continue;
        }
        st = fc_feed_still(s->feed, &still, err);
        if (st)
            return st;
        put_frame(
            s, &(fc_stream_event){
                   .still = still, .frame = f, .number = s->how.opt.keyframes ? -1 : number, .time = time});
    }
}

/* One connection, or a file. Returns why it ended. */
static fc_status connect_once(fc_stream *s, bool *over, fc_error *err)
{
    fc_status st = FC_OK;

    *over = false;
    s->attempts++;
    if (!s->feed)
        st = fc_feed_open(&s->feed, &s->how.from, &s->how.opt, s->how.max_pixels, err);
    if (!st && fc_video_is_stream(s->name) && !fc_video_is_live(s->name) && !fc_feed_is_endless(s->feed))
        s->how.ends = s->how.own_pace = true; /* a file that a server has */
    if (!st)
        st = pump(s, over, err);
    fc_feed_close(s->feed);
    s->feed = NULL;
    return st;
}

/* What trying again does not help against, before there was any frame. */
static bool is_for_good(const fc_stream *s, fc_status st)
{
    return !s->any && (st == FC_EUNSUPPORTED || st == FC_ELIMIT || st == FC_EFORMAT || st == FC_EDATA ||
                       st == FC_EUSAGE);
}

static void note_away(fc_stream *s, fc_status st, fc_error *err)
{
    if (st == FC_END)
        fc_fail(err, FC_EIO, "%s: the stream ended", s->shown);
    s->why = *err;
    if (s->is_away)
        return;
    s->is_away = true;
    pthread_mutex_lock(&s->lock);
    s->box.noted = true;
    fc_fail(&s->box.note, FC_OK, "%s; it is tried again", err->message);
    pthread_mutex_unlock(&s->lock);
    ring(s);
}

static void *run(void *arg)
{
    fc_stream *s = arg;
    const uint64_t most = (uint64_t)s->how.opt.attempts;
    fc_error err;

    for (;;) {
        bool over;
        const fc_status st = connect_once(s, &over, &err);
        if (over || is_past(s) || !wait_for(s, 0) || (st == FC_END && s->how.ends)) {
            put_end(s, NULL);
            break;
        }
        if (s->how.ends || is_for_good(s, st) || (most && s->attempts >= most)) {
            if (st == FC_END)
                fc_fail(&err, FC_EIO, "%s: the stream ended", s->shown);
            put_end(s, &err);
            break;
        }
        note_away(s, st, &err);
        if (!wait_for(s, fc_backoff_next(&s->backoff)) || is_past(s)) {
            put_end(s, NULL);
            break;
        }
    }
    return NULL;
}

/* ---- from outside ---- */

fc_status fc_stream_start(fc_stream **out, const fc_stream_how *how, fc_error *err)
{
    fc_stream *s = calloc(1, sizeof *s);
    const double most = how->opt.max_delay > 0 ? how->opt.max_delay : MOST_SECONDS_BETWEEN;
    fc_status st = FC_OK;

    *out = NULL;
    if (!s) {
        fc_feed_close(how->feed);
        return fc_fail_nomem(err, sizeof *s);
    }
    s->how = *how;
    s->feed = how->feed;
    s->chooser.opt = how->opt;
    s->name = strdup(how->from.name);
    s->shown = fc_video_masked(how->from.name);
    s->facts.name = s->shown;
    s->last = fc_video_clock();
    s->first_pts = NAN;
    pthread_mutex_init(&s->lock, NULL);
    if (!s->name || !s->shown)
        st = fc_fail_nomem(err, 0);
    if (!st)
        st = fc_feed_api(&s->api, s->shown, err);
    if (!st) {
        s->how.from.name = s->name;
        s->backoff = fc_backoff_of(s->name, most);
        s->started = !pthread_create(&s->thread, NULL, run, s);
        if (!s->started)
            st = fc_fail(err, FC_ENOMEM, "%s: cannot start a thread", s->shown);
    }
    if (st)
        fc_stream_free(s);
    else
        *out = s;
    return st;
}

void fc_stream_free(fc_stream *s)
{
    if (!s)
        return;
    if (s->started)
        pthread_join(s->thread, NULL);
    fc_feed_close(s->feed);
    if (s->box.frame.still)
        s->api->still_free(s->box.frame.still);
    pthread_mutex_destroy(&s->lock);
    free(s->name);
    free(s->shown);
    free(s);
}
