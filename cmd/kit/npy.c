#include "npy.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/npy.h"

fc_status npy_outputs(const program *p, const char *path, char **argv, int n, fc_error *err)
{
    char *ids = fc_npy_ids(path);
    fc_status s = ids ? options_add_output(p, ids, argv, n, err) : fc_fail_nomem(err, strlen(path) + 1);

    free(ids);
    return s;
}
