/* oneDNN as a whole: its threads, the instruction set that it is held to, and what its failures are told as. */
#ifndef FC_ENGINES_ONEDNN_H
#define FC_ENGINES_ONEDNN_H
#include <oneapi/dnnl/dnnl.h>

#include "base/cpu.h"
#include "facecheck.h"

/* oneDNN built on OpenMP takes as many threads as OpenMP offers to the thread that calls it, both when a primitive is made
 * and when it runs: one from here on. Returns what to give back. A session belongs to one thread and stays on it. */
int fc_onednn_one_thread(void);
void fc_onednn_threads_back(int before);

/* what: what was done when s came. */
fc_status fc_onednn_failed(fc_error *err, dnnl_status_t s, const char *what);

/* Before anything else is asked of oneDNN: it uses what our own kernels may use. */
dnnl_status_t fc_onednn_hold(void);
/* The CPU has matrix tiles, and oneDNN, which its caller may have held by its own means, uses them. */
bool fc_onednn_has_tiles(void);

#endif
