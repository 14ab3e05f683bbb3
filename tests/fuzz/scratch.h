/* A folder in memory for what only files can hold; it goes when the fuzzer ends by itself. */
#ifndef FC_FUZZ_SCRATCH_H
#define FC_FUZZ_SCRATCH_H
#include <stddef.h>

/* The path of a file in it, which is kept. */
const char *scratch_path(const char *name);
void scratch_write(const char *path, const void *bytes, size_t n);

#endif
