#include "made_program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char *made(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("FC_MADE"), name);
    return path;
}

fc_bytes made_bytes(const char *name)
{
    fc_bytes b = {0};
    fc_error err = {0};
    if (fc_bytes_read_file(&b, made(name), 1 << 24, &err))
        fail_msg("%s", err.message);
    return b;
}

fc_status made_load(fc_net **net, int *dim, fc_program kind, const char *name, const fc_engine_options *o,
                    fc_error *err)
{
    fc_bytes b = made_bytes(name);
    fc_status s =
        fc_net_load(net, dim, kind, b.data, b.n, name, (const int[]){3, MADE_SIDE, MADE_SIDE}, o, err);
    fc_bytes_clear(&b); /* nothing in it is needed any more */
    return s;
}

void made_refused(fc_program kind, const char *name, const fc_engine_options *o, fc_status want,
                  const char *word)
{
    fc_error err = {0};
    fc_net *net = (fc_net *)&err;
    int dim;
    fc_status s = made_load(&net, &dim, kind, name, o, &err);

    if (s != want || !strstr(err.message, word) || strchr(err.message, '\n'))
        fail_msg("%s: '%s', want %s and '%s'", name, err.message, fc_status_name(want), word);
    assert_null(net);
}
