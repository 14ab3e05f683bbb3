/* What takes a process all that decoding does not need. */
#ifndef FC_IMAGE_SANDBOX_CONFINE_H
#define FC_IMAGE_SANDBOX_CONFINE_H
#include "facecheck.h"

/* From here on, and for ever, all threads of the process: read and write the socket, read and write at places of the memory's
 * descriptor, take memory (so many bytes more) that is not executable, begin threads, look at the clock. Every other call of the
 * system fails with EPERM: no file, no descriptor, no network, no process can be reached. Where the kernel does not
 * do that, FC_EUNSUPPORTED. */
fc_status fc_sandbox_confine(int socket, int memory_fd, uint64_t memory, fc_error *err);

#endif
