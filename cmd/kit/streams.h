/* What a tool does about live streams: the first Ctrl-C ends them, and what came of them is told. */
#ifndef CMD_STREAMS_H
#define CMD_STREAMS_H
#include "facecheck.h"

/* From now on the first Ctrl-C, or SIGTERM, ends what comes from in, its live streams or, where any, whatever it is, and the tool comes
 * to its end by itself. NULL: not any more. */
void streams_end_softly(fc_source *in, bool any);
/* Whether there is a stream of which nothing ever came. */
bool streams_missed(const fc_source *in);
void say_streams(const fc_source *in);

#endif
