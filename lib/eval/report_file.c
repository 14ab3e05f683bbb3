#include "eval/report_file.h"

#include <math.h>
#include <time.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"

/* Reports of large sets have some 10,000 points of curves and a time for each of their pictures. */
enum { MAX_REPORT = 64 << 20, MAX_MEMORY = 512 << 20 }; /* bytes: of text, and of what it becomes */

const char *fc_report_kind(const json_t *report)
{
    return json_string_value(json_object_get(report, "kind"));
}

fc_status fc_report_load(json_t **out, const char *path, const char *of, fc_error *err)
{
    fc_bytes text = {0};
    json_error_t fault;
    fc_error why;
    json_int_t v;
    fc_status s = fc_bytes_read_named(&text, path, MAX_REPORT, err);

    *out = NULL;
    if (s)
        return s;
    s = fc_json_read(out, (const char *)text.data, text.n, JSON_REJECT_DUPLICATES, MAX_MEMORY, &fault, &why);
    fc_bytes_clear(&text);
    if (s == FC_EFORMAT)
        return fc_fail(err, s, "%s:%d: %s", path, fault.line, fault.text);
    if (s)
        return fc_fail(err, s, "%s: %s", path, why.message);
    if (json_unpack(*out, "{s:I}", "v", &v) || !fc_report_kind(*out))
        s = fc_fail(err, FC_EFORMAT, "%s: not a report of %s", path, of);
    else if (v != 1)
        s = fc_fail(err, FC_EUNSUPPORTED, "%s: a report of version %lld, this program knows 1", path,
                    (long long)v);
    if (s) {
        json_decref(*out);
        *out = NULL;
    }
    return s;
}

double fc_report_real(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

const char *fc_report_text(const json_t *o, const char *key)
{
    const char *t = json_string_value(json_object_get(o, key));
    return t ? t : "";
}

void fc_report_time(char out[32])
{
    const time_t now = time(NULL);
    struct tm tm;

    out[0] = '\0';
    if (gmtime_r(&now, &tm))
        strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
