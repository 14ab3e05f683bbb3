#include "track/streams.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"

static struct fc_stream *find(const fc_streams *s, const char *key)
{
    for (size_t i = 0; i < s->n; i++)
        if (!strcmp(s->stream[i].key, key))
            return &s->stream[i];
    return NULL;
}

/* Room for another one; *gone is who had it. */
static fc_status make_room(fc_streams *s, uint64_t *gone, fc_error *err)
{
    size_t oldest = 0;

    if (s->n < FC_TRACK_STREAMS)
        return fc_grow(&s->stream, s->n + 1, &s->cap, sizeof *s->stream, err);
    for (size_t i = 1; i < s->n; i++)
        if (s->stream[i].used < s->stream[oldest].used)
            oldest = i;
    *gone = s->stream[oldest].number;
    free(s->stream[oldest].key);
    s->stream[oldest] = s->stream[--s->n];
    return FC_OK;
}

fc_status fc_streams_tick(fc_streams *s, const char *key, double time, double back, fc_tick *out,
                          fc_error *err)
{
    struct fc_stream *at = find(s, key);
    fc_status st;

    *out = (fc_tick){.later = true};
    if (!isfinite(time))
        return fc_fail(err, FC_EUSAGE, "the frame's time is not finite");
    if (!at) {
        char *copy;
        if ((st = make_room(s, &out->gone, err)))
            return st;
        if (!(copy = strdup(key)))
            return fc_fail_nomem(err, strlen(key) + 1);
        at = &s->stream[s->n++];
        *at = (struct fc_stream){.key = copy, .number = ++s->count, .now = time};
    } else {
        out->restart = time < at->now - back;
        out->later = out->restart || time > at->now;
        if (out->later)
            at->now = time;
    }
    at->used = ++s->frames;
    out->frame = ++at->frames;
    out->stream = at->number;
    out->now = at->now;
    return FC_OK;
}

void fc_streams_clear(fc_streams *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->stream[i].key);
    free(s->stream);
    *s = (fc_streams){0};
}
