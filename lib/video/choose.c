#include "video/choose.h"

#include <math.h>

bool fc_chooser_wants(fc_chooser *c, const fc_av_frame *f, int64_t number, double at, bool *past)
{
    const fc_video_options *o = &c->opt;

    if (!c->any) {
        c->any = true;
        c->first = at;
        c->last_tick = -INFINITY;
    }
    const double since = at - c->first;
    *past = o->duration > 0 && since >= o->start + o->duration;
    if (*past || (o->start > 0 && !(since >= o->start)))
        return false;
    if (o->keyframes && !f->key)
        return false;
    if (o->every > 1 && number % o->every)
        return false;
    if (o->fps > 0 && isfinite(since)) { /* the first at or behind each tick */
        const double tick = floor(since * o->fps + 1e-6);
        if (tick <= c->last_tick)
            return false;
        c->last_tick = tick;
    }
    return true;
}

double fc_chooser_end(const fc_chooser *c)
{
    return c->any && c->opt.duration > 0 ? c->first + c->opt.start + c->opt.duration : INFINITY;
}
