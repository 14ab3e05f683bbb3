#include "track_item.h"

#include "base/error.h"
#include "pipeline/item.h"
#include "track/moment.h"

fc_status track_item(fc_tracker *t, fc_item *it, fc_error *err)
{
    fc_error why;

    return fc_tracker_record(t, &it->rec, &why) ? fc_item_broken(it, &why, err) : FC_OK;
}

fc_status event_item(fc_events *ev, const fc_item *it, fc_error *err)
{
    fc_error why;
    const fc_status s = fc_events_record(ev, &it->rec, &why);

    if (s == FC_EIO) /* of what is written */
        return fc_fail(err, s, "%s", why.message);
    return s ? fc_item_broken(it, &why, err) : FC_OK;
}

bool is_timeless(const fc_item *it)
{
    return fc_record_face_count(&it->rec) > 0 && !fc_moment_is_known(&it->rec);
}
