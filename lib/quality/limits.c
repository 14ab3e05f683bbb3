#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "quality/measures.h"

/* The measure of this name of n bytes; NULL: there is none. */
static const fc_measure *find(const char *name, size_t n)
{
    for (const fc_measure *m = fc_measures; m->name; m++)
        if (strlen(m->name) == n && !memcmp(m->name, name, n))
            return m;
    return NULL;
}

fc_status fc_quality_limits_parse(fc_quality_limits *out, const char *text, fc_error *err)
{
    *out = (fc_quality_limits){.set = 0};
    for (const char *p = text;; p++) {
        const size_t n = strcspn(p, "=,");
        const fc_measure *m = find(p, n);
        const char *end;
        double v;
        if (!m || p[n] != '=')
            return fc_fail(err, FC_EUSAGE,
                           "'%s': want MEASURE=NUMBER, several with commas between; '%.*s' is none", text,
                           (int)strcspn(p, ","), p);
        if (!fc_text_read_number(&v, p + n + 1, &end) || (*end && *end != ',') || v < m->min || v > m->max)
            return fc_fail(err, FC_EUSAGE, "'%s': %s: want a number from %g to %g", text, m->name, m->min,
                           m->max);
        fc_measure_set(&out->limit, m, v);
        out->set |= 1u << (m - fc_measures);
        p = end;
        if (!*p)
            return FC_OK;
    }
}

bool fc_quality_keeps(const fc_quality *q, const fc_quality_limits *l, char *why, size_t size)
{
    for (const fc_measure *m = fc_measures; m->name; m++) {
        const double v = fc_measure_of(q, m), limit = fc_measure_of(&l->limit, m);
        if (!(l->set >> (m - fc_measures) & 1) ||
            fc_decimal(fc_measure_goodness(m, v)) >= fc_decimal(fc_measure_goodness(m, limit)))
            continue;
        if (isinf(m->best))
            snprintf(why, size, "%s is %.4g, and %g is the least", m->name, v, limit);
        else
            snprintf(why, size, "%s is %.4g, further from %g than %g", m->name, v, m->best, limit);
        return false;
    }
    return true;
}
