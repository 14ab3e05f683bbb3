/*
 * Messages that wait to be delivered, in memory or in a file of SQLite, where they stay when the process is killed (what the
 * machine had not written to its disk yet is lost with its power). Bounded: the oldest that was not sent yet goes for a
 * new one. For one thread at a time.
 */
#ifndef FC_MONITOR_SPOOL_H
#define FC_MONITOR_SPOOL_H
#include "monitor/message.h"

enum { FC_SPOOL_MESSAGE = 128 }; /* bytes that a message takes beside its texts */

typedef struct fc_spool fc_spool;

/* path NULL: in memory. A file is made for its owner alone. FC_EFORMAT: it is no spool; FC_EIO: another process has it. */
fc_status fc_spool_open(fc_spool **out, const char *path, uint64_t max_bytes, fc_error *err);
void fc_spool_close(fc_spool *s);

/* m stays the caller's, and gets its id, which rises. sent: messages up to this id are on their way, and stay. *dropped: how many
 * went, of which m may be one (then its id is 0). */
fc_status fc_spool_put(fc_spool *s, fc_message *m, int64_t sent, size_t *dropped, fc_error *err);
/* The oldest behind id. FC_END: there is none. */
fc_status fc_spool_next(fc_spool *s, int64_t id, fc_message *out, fc_error *err);
/* It was delivered. */
fc_status fc_spool_done(fc_spool *s, int64_t id, fc_error *err);
size_t fc_spool_count(const fc_spool *s);
/* Whether it can be put without another one having to go. */
bool fc_spool_has_room(const fc_spool *s, const fc_message *m);

#endif
