#include "pipeline/json_lines.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"

static bool is_blank(const fc_bytes *line)
{
    return strspn((const char *)line->data, " \t\r") == line->n;
}

static fc_status parse(const fc_reader *in, const fc_bytes *line, json_t **out, fc_error *err)
{
    fc_error why;
    fc_status s = fc_json_read(out, (const char *)line->data, line->n, 0, FC_RECORD_MAX_MEMORY, NULL, &why);

    if (!s && !json_is_object(*out)) {
        json_decref(*out);
        s = fc_fail(&why, FC_EFORMAT, "no object");
    }
    if (!s)
        return FC_OK;
    *out = NULL;
    return fc_fail(err, s == FC_EFORMAT ? FC_ERECORD : s, "%s:%zu: %s", in->name, in->line, why.message);
}

fc_status fc_json_line(fc_reader *in, json_t **out, fc_bytes *text, fc_error *err)
{
    fc_bytes line;
    fc_status s;

    *out = NULL;
    while (!(s = fc_reader_line(in, '\n', FC_RECORD_MAX_LINE, &line, err)) && is_blank(&line))
        fc_bytes_clear(&line);
    if (s)
        return s;
    s = parse(in, &line, out, err);
    if (s || !text)
        fc_bytes_clear(&line);
    else
        *text = line;
    return s;
}
