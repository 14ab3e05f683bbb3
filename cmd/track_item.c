#include "track_item.h"

#include "base/error.h"
#include "track/moment.h"

/* Where the record came from, in front of what is wrong with it. */
static fc_status place(const fc_item *it, fc_status s, const fc_error *why, fc_error *err)
{
    if (!s)
        return s;
    if (it->in.kind == FC_INPUT_LINE)
        return fc_fail(err, s, "%s:%zu: %s", it->in.path, it->in.line, why->message);
    return fc_fail(err, s, "%s: %s", it->in.path, why->message);
}

fc_status track_item(fc_tracker *t, fc_item *it, fc_error *err)
{
    fc_error why;
    const fc_status s = fc_tracker_record(t, &it->rec, &why);

    return place(it, s, &why, err);
}

fc_status event_item(fc_events *ev, const fc_item *it, fc_error *err)
{
    fc_error why;
    const fc_status s = fc_events_record(ev, &it->rec, &why);

    return s == FC_EIO ? fc_fail(err, s, "%s", why.message) : place(it, s, &why, err);
}

bool is_timeless(const fc_item *it)
{
    return fc_record_face_count(&it->rec) > 0 && !fc_moment_is_known(&it->rec);
}
