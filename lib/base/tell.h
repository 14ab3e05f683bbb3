/* Messages from inside the library about what goes on although something is odd. */
#ifndef FC_BASE_TELL_H
#define FC_BASE_TELL_H
#include "facecheck.h"

/* t NULL: nobody listens. Longer messages are cut. */
void fc_tell(const fc_teller *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
