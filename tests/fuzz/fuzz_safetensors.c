/* Any bytes as a safetensors file: what is accepted must be readable to its last byte, and come back the same
 * from a file that we write. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nn/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static unsigned sum(const fc_tensor *t)
{
    const uint8_t *p = t->data;
    unsigned s = 0;
    for (size_t i = 0; i < t->count * fc_dtype_size(t->dtype); i++)
        s += p[i];
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static char path[64], copy[64];
    static int fd = -1;
    fc_weights *w, *again;
    fc_error err;

    if (fd < 0) {
        fd = memfd_create("fuzz", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        snprintf(copy, sizeof copy, "/dev/shm/fuzz_safetensors.%d", (int)getpid());
    }
    if (ftruncate(fd, 0) || pwrite(fd, bytes, n, 0) != (ssize_t)n)
        abort();
    if (fc_weights_open(&w, path, &err))
        return 0;
    if (fc_weights_save(w, copy, &err) || fc_weights_open(&again, copy, &err) ||
        fc_weights_count(again) != fc_weights_count(w))
        abort();
    for (size_t i = 0; i < fc_weights_count(w); i++) {
        const fc_tensor *t = fc_weights_at(w, i), *u = fc_weights_at(again, i);
        if (strcmp(t->name, u->name) != 0 || t->count != u->count || sum(t) != sum(u))
            abort();
    }
    fc_weights_free(w);
    fc_weights_free(again);
    unlink(copy);
    return 0;
}
