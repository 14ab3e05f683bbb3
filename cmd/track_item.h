/* Items whose faces are followed. */
#ifndef CMD_TRACK_ITEM_H
#define CMD_TRACK_ITEM_H
#include "facecheck.h"

/* fc_tracker_record. */
fc_status track_item(fc_tracker *t, fc_item *it, fc_error *err);
/* fc_events_record. */
fc_status event_item(fc_events *ev, const fc_item *it, fc_error *err);
/* Whether the item has faces and no time, so that they can have no tracks. */
bool is_timeless(const fc_item *it);

#endif
