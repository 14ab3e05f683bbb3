/* Live streams at the same time: what comes of any of them, by turns. */
#ifndef FC_VIDEO_LIVE_H
#define FC_VIDEO_LIVE_H
#include "video/feed.h"

typedef struct fc_live fc_live;

typedef enum fc_live_kind { FC_LIVE_FRAME, FC_LIVE_GAP, FC_LIVE_FAULT, FC_LIVE_NOTE } fc_live_kind;
typedef struct fc_live_event {
    fc_live_kind kind;
    const char *src; /* what it is called in records, masked; borrowed */
    fc_video_frame frame;
    fc_gap gap;
    fc_error
        why; /* of a gap, a note, a fault: of the stream, which ends, or of frames in a row that are no pictures */
} fc_live_event;

/* wake: an eventfd that ends all streams, and the waiting for them, once it is readable; it stays the caller's. opt and picture are
 * copied. */
fc_status fc_live_new(fc_live **out, int wake, const fc_video_options *opt, const fc_image_options *picture,
                      fc_error *err);
/* One more. feed: opened already, and taken in any case; NULL: it is opened by its thread. Of from, wake is set here; what is read by
 * from->read, and a file, ends the stream. src: what records call it. */
fc_status fc_live_add(fc_live *l, const fc_video_from *from, const char *src, struct fc_feed *feed,
                      fc_error *err);
/* Waits for the next event. FC_END: all streams have ended, or it was woken. A frame's image is to be cleared. */
fc_status fc_live_next(fc_live *l, fc_live_event *out, fc_error *err);
size_t fc_live_count(const fc_live *l);
fc_live_facts fc_live_facts_of(const fc_live *l, size_t i);
/* Makes wake readable, and ends all threads. */
void fc_live_free(fc_live *l);

#endif
