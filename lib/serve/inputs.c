#include "serve/inputs.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void fc_inputs_open(fc_inputs *in, const char *name, const uint8_t *data, size_t n)
{
    size_t i = 0;

    while (i < n && is_blank(data[i]))
        i++;
    *in = (fc_inputs){.name = name, .at = data, .end = data + n, .records = i < n && data[i] == '{'};
}

static fc_status give(const fc_inputs *in, fc_input_kind kind, const uint8_t *data, size_t n, fc_input *out,
                      fc_error *err)
{
    *out = (fc_input){.kind = kind, .path = strdup(in->name), .line = in->line};
    out->data.data = malloc(n + 1);
    if (!out->path || !out->data.data) {
        fc_input_clear(out);
        return fc_fail_nomem(err, n + 1);
    }
    memcpy(out->data.data, data, n);
    out->data.n = n;
    return FC_OK;
}

static fc_status next_line(fc_inputs *in, fc_input *out, fc_error *err)
{
    while (in->at < in->end) {
        const uint8_t *line = in->at, *end = memchr(line, '\n', (size_t)(in->end - line));
        const size_t n = (size_t)((end ? end : in->end) - line);
        bool blank = true;
        in->at = end ? end + 1 : in->end;
        in->line++;
        for (size_t i = 0; blank && i < n; i++)
            blank = is_blank(line[i]);
        if (!blank)
            return give(in, FC_INPUT_LINE, line, n, out, err);
    }
    return FC_END;
}

fc_status fc_inputs_next(fc_inputs *in, fc_input *out, fc_error *err)
{
    if (in->records)
        return next_line(in, out, err);
    if (in->done)
        return FC_END;
    in->done = true;
    if (in->at == in->end)
        return fc_fail(err, FC_EEMPTY, "%s: empty", in->name);
    return give(in, FC_INPUT_BYTES, in->at, (size_t)(in->end - in->at), out, err);
}
