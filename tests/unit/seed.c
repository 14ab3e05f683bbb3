#include "seed.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST = 400, MAX_KINDS = 8, MAX_SIZE = 128 << 10 };

/* One more of that kind. */
static int count(const char *kind)
{
    static struct {
        const char *kind;
        int n;
    } kinds[MAX_KINDS];
    int i = 0;

    while (kinds[i].kind && strcmp(kinds[i].kind, kind) != 0)
        if (++i == MAX_KINDS)
            abort();
    kinds[i].kind = kind;
    return ++kinds[i].n;
}

void keep_seed(const char *kind, const void *bytes, size_t n)
{
    const char *folder = getenv("FC_SEEDS");
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    char path[4096];
    FILE *f;

    if (!folder || n > MAX_SIZE || count(kind) > MOST)
        return;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    snprintf(path, sizeof path, "%s/%s", folder, kind);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%016llx", folder, kind, (unsigned long long)hash);
    if (!(f = fopen(path, "wb")) || fwrite(bytes, 1, n, f) != n || fclose(f)) {
        perror(path);
        exit(1);
    }
}

void keep_seed_file(const char *kind, const char *path)
{
    static uint8_t bytes[MAX_SIZE + 1];
    FILE *f = getenv("FC_SEEDS") ? fopen(path, "rb") : NULL;

    if (f) {
        keep_seed(kind, bytes, fread(bytes, 1, sizeof bytes, f));
        fclose(f);
    }
}
