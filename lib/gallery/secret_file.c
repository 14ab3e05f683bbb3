/* Secrets from files and pipes, without a copy of them left in memory. */
#include <sodium.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"
#include "facecheck.h"

fc_status fc_secret_read(fc_secret **out, FILE *f, bool weak, const char *name, fc_error *err)
{
    char bytes[FC_SECRET_MAX + 3]; /* with the end of its line, and one byte more than there may be */

    *out = NULL;
    setvbuf(f, NULL, _IONBF, 0); /* no copy of it in a buffer */
    const size_t n = fread(bytes, 1, sizeof bytes, f);
    fc_status s = ferror(f) ? fc_fail_errno(err, name) : fc_secret_new(out, bytes, n, weak, name, err);

    sodium_memzero(bytes, sizeof bytes);
    return s;
}

fc_status fc_secret_read_file(fc_secret **out, const char *path, bool weak, const char *hint, fc_error *err)
{
    FILE *f;
    fc_status s = fc_secret_open(&f, path, weak, "key", hint, err);

    *out = NULL;
    if (s)
        return s;
    s = fc_secret_read(out, f, weak, path, err);
    fclose(f);
    return s;
}
