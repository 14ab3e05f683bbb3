#include "streams.h"

#include "ending.h"
#include "say.h"

static fc_source *reading;
static bool ends_any;

static bool stop_reading(void)
{
    if (!ends_any && !fc_source_is_live(reading))
        return false;
    fc_source_interrupt(reading);
    return true;
}

void streams_end_softly(fc_source *in, bool any)
{
    end_softly_by(NULL);
    if (!in)
        return;
    reading = in;
    ends_any = any;
    end_softly_by(stop_reading);
}

bool streams_missed(const fc_source *in)
{
    bool missed = false;

    for (size_t i = 0; i < fc_source_streams(in); i++)
        missed |= !fc_source_stream(in, i).reached;
    return missed;
}

void say_streams(const fc_source *in)
{
    for (size_t i = 0; i < fc_source_streams(in); i++) {
        const fc_live_facts f = fc_source_stream(in, i);
        if (f.reached)
            say("%s: %llu frames, and %llu dropped; away %llu times", f.name, (unsigned long long)f.taken,
                (unsigned long long)f.dropped, (unsigned long long)f.gaps);
    }
}
