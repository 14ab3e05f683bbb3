#include "video/stream_box.h"

/* What is behind a becomes part of it. */
static void join(fc_stream_absence *a, const fc_gap *gap, const fc_error *why)
{
    const fc_gap both = {a->gap.from, gap->to, a->gap.attempts + gap->attempts};

    a->gap = a->there ? both : *gap;
    a->why = *why;
    a->there = true;
}

void fc_stream_box_put_gap(fc_stream_box *b, const fc_gap *gap, const fc_error *why)
{
    join(b->frame.still || b->behind.there ? &b->behind : &b->before, gap, why);
}

fc_av_still *fc_stream_box_put_frame(fc_stream_box *b, const fc_stream_event *frame)
{
    fc_av_still *old = b->frame.still;
    const uint64_t dropped = b->frame.dropped + (old != NULL);

    if (b->behind.there) /* of the one that goes, or was taken; before this one */
        join(&b->before, &b->behind.gap, &b->behind.why);
    b->behind.there = false;
    b->frame = *frame;
    b->frame.kind = FC_STREAM_STILL;
    b->frame.dropped = dropped;
    return old;
}

static void take_absence(fc_stream_absence *a, fc_stream_event *out)
{
    *out = (fc_stream_event){.kind = FC_STREAM_GAP, .gap = a->gap, .why = a->why};
    a->there = false;
}

/* What is told in words. */
static void take_told(bool *there, fc_stream_kind kind, const fc_error *why, fc_stream_event *out)
{
    *out = (fc_stream_event){.kind = kind, .why = *why};
    *there = false;
}

bool fc_stream_box_take(fc_stream_box *b, fc_stream_event *out)
{
    *out = (fc_stream_event){0};
    if (b->noted) {
        take_told(&b->noted, FC_STREAM_NOTE, &b->note, out);
    } else if (b->before.there) {
        take_absence(&b->before, out);
    } else if (b->frame.still) {
        *out = b->frame;
        b->frame = (fc_stream_event){0};
    } else if (b->behind.there) {
        take_absence(&b->behind, out);
    } else if (b->last.there) {
        take_absence(&b->last, out);
    } else if (b->failed) {
        take_told(&b->failed, FC_STREAM_FAULT, &b->why_failed, out);
    } else if (b->ended && !b->told_end) {
        out->kind = FC_STREAM_END;
        b->told_end = true;
    } else {
        return false;
    }
    return true;
}
