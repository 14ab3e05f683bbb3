/* What a test reads, kept for the fuzzers (../fuzz) to begin with. */
#ifndef FC_TEST_SEED_H
#define FC_TEST_SEED_H
#include <stddef.h>

/* Where the environment names a folder FC_SEEDS: a file of those bytes in FC_SEEDS/kind, whose name is their hash. Some
 * hundred of a kind are kept, and none of more than 128 KiB. */
void keep_seed(const char *kind, const void *bytes, size_t n);
void keep_seed_file(const char *kind, const char *path);

#endif
