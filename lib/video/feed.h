/* An open video: frame after frame as they are decoded, none of which is turned to a picture yet. */
#ifndef FC_VIDEO_FEED_H
#define FC_VIDEO_FEED_H
#include "video/av.h"
#include "video/video.h"

typedef struct fc_feed fc_feed; /* of one thread at a time */

/* The module, loaded. name is for the message. */
fc_status fc_feed_api(const fc_av_api **out, const char *name, fc_error *err);

/* from and opt are copied, and what they point to outlives the feed. max_pixels: of a frame. */
fc_status fc_feed_open(fc_feed **out, const fc_video_from *from, const fc_video_options *opt,
                       uint64_t max_pixels, fc_error *err);
/* Waits no longer for a server than until then, as fc_now; INFINITY: as long as the options say. */
void fc_feed_until(fc_feed *f, double until);
/* The next frame. FC_END: no more. */
fc_status fc_feed_next(fc_feed *f, fc_av_frame *out, fc_error *err);
/* That frame; to be freed with api->still_free. */
fc_status fc_feed_still(fc_feed *f, fc_av_still **out, fc_error *err);
uint64_t fc_feed_damaged(const fc_feed *f);
/* Whether it is a server's stream that states no end. */
bool fc_feed_is_endless(const fc_feed *f);
void fc_feed_close(fc_feed *f);

#endif
