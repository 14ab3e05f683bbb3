/* Inside fc-enroll: a head that is kept current. */
#ifndef CMD_ENROLL_HEAD_H
#define CMD_ENROLL_HEAD_H
#include "facecheck.h"

/* Before anybody is enrolled: reads the head, and refuses one that cannot be kept current: of embeddings that are not the
 * gallery's, or with a class of strangers, whose photos nobody has here. Its embeddings leave a sealed gallery only where
 * plain is set. *out: the caller's to fc_head_free. */
fc_status enroll_head_open(fc_head **out, const char *path, const fc_gallery *g, const char *contract,
                           bool plain, fc_error *err);

/* After it, outside of a transaction: trains the head on the gallery as it is now, beginning with old, and puts it in its place; where
 * it is current already, nothing happens. *partly: training failed after an epoch that was good. */
fc_status enroll_head_update(const fc_head *old, const char *path, fc_gallery *g, int jobs, bool shown,
                             bool *partly, fc_error *err);

#endif
