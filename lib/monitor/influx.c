#include "monitor/influx.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"

void fc_influx_begin(fc_influx_point *p, const char *measurement)
{
    *p = (fc_influx_point){.measurement = measurement};
}

/* What there is no room for is counted, and fc_influx_put says so. */
void fc_influx_tag(fc_influx_point *p, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    if (p->tags < FC_INFLUX_TAGS) {
        p->tag[p->tags].name = name;
        p->tag[p->tags].value = value;
    }
    p->tags++;
}

static size_t new_field(fc_influx_point *p, const char *name, fc_influx_kind kind)
{
    const size_t i = p->fields < FC_INFLUX_FIELDS ? p->fields : FC_INFLUX_FIELDS - 1;

    p->field[i].name = name;
    p->field[i].kind = kind;
    p->fields++;
    return i;
}

void fc_influx_real(fc_influx_point *p, const char *name, double value)
{
    if (isfinite(value))
        p->field[new_field(p, name, FC_INFLUX_REAL)].real = value;
}

void fc_influx_integer(fc_influx_point *p, const char *name, int64_t value)
{
    p->field[new_field(p, name, FC_INFLUX_INTEGER)].integer = value;
}

void fc_influx_text(fc_influx_point *p, const char *name, const char *value)
{
    if (value)
        p->field[new_field(p, name, FC_INFLUX_TEXT)].text = value;
}

/* ---- the line ---- */

static bool all_shows(const char *s)
{
    size_t n = strlen(s), step;

    for (; n; s += step, n -= step) {
        step = fc_utf8_char(s, n);
        if (!step || !fc_text_shows(s, step))
            return false;
    }
    return true;
}

/* Puts a backslash before those of the characters. */
static void put_guarded(FILE *f, const char *s, const char *guarded)
{
    for (; *s; s++) {
        if (strchr(guarded, *s))
            putc('\\', f);
        putc(*s, f);
    }
}

/* s where the protocol can hold it, else as tables show it; NULL: no memory. *made is to be freed. */
static const char *holdable(const char *s, char **made)
{
    *made = NULL;
    if (all_shows(s))
        return s;
    return *made = fc_text_escape(s, strlen(s));
}

/* A measurement, or a tag's name or value. A backslash there stands for itself, but before one of guarded. */
static fc_status put_key(FILE *f, const char *s, const char *guarded, fc_error *err)
{
    char *made, *whole;
    const char *text = holdable(s, &made);
    const size_t n = text ? strlen(text) : 0;

    if (!text)
        return fc_fail_nomem(err, 4 * strlen(s));
    whole = n && text[n - 1] == '\\' ? fc_text_format("%.*s\\x5c", (int)(n - 1), text) : strdup(text);
    if (whole)
        put_guarded(f, whole, guarded);
    free(made);
    free(whole);
    return whole ? FC_OK : fc_fail_nomem(err, n + 4);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct fc_influx_tag *)a)->name, ((const struct fc_influx_tag *)b)->name);
}

static fc_status put_series(FILE *f, const fc_influx_point *p, fc_error *err)
{
    static const char guarded[] = ",= ";
    fc_influx_point sorted = *p;
    fc_status s = put_key(f, p->measurement, ", ", err);

    qsort(sorted.tag, sorted.tags, sizeof *sorted.tag, by_name);
    for (size_t i = 0; !s && i < sorted.tags; i++) {
        putc(',', f);
        s = put_key(f, sorted.tag[i].name, guarded, err);
        putc('=', f);
        if (!s)
            s = put_key(f, sorted.tag[i].value, guarded, err);
    }
    return s;
}

static fc_status put_text(FILE *f, const char *s, fc_error *err)
{
    char *made;
    const char *text = holdable(s, &made);

    if (!text)
        return fc_fail_nomem(err, 4 * strlen(s));
    putc('"', f);
    put_guarded(f, text, "\"\\");
    putc('"', f);
    free(made);
    return FC_OK;
}

static fc_status put_field(FILE *f, const fc_influx_point *p, size_t i, fc_error *err)
{
    char number[FC_NUMBER_SIZE];
    fc_status s = FC_OK;

    putc(i ? ',' : ' ', f);
    s = put_key(f, p->field[i].name, ",= ", err);
    if (s)
        return s;
    putc('=', f);
    switch (p->field[i].kind) {
    case FC_INFLUX_REAL:
        fc_text_number(number, p->field[i].real);
        fputs(number, f);
        break;
    case FC_INFLUX_INTEGER:
        fprintf(f, "%" PRId64 "i", p->field[i].integer);
        break;
    case FC_INFLUX_TEXT:
        s = put_text(f, p->field[i].text, err);
        break;
    }
    return s;
}

static fc_status make_line(fc_text_file *t, const fc_influx_point *p, int64_t ns, fc_error *err)
{
    size_t series;
    fc_status s = put_series(t->f, p, err);

    if (s)
        return s;
    fflush(t->f);
    series = t->n;
    if (series > FC_INFLUX_SERIES_SIZE)
        return fc_fail(err, FC_ELIMIT,
                       "a series of InfluxDB with %zu bytes in its name, at most %d are allowed", series,
                       FC_INFLUX_SERIES_SIZE);
    for (size_t i = 0; !s && i < p->fields; i++)
        s = put_field(t->f, p, i, err);
    if (ns != FC_INFLUX_NO_TIME)
        fprintf(t->f, " %" PRId64, ns);
    putc('\n', t->f);
    return s;
}

fc_status fc_influx_put(const fc_influx_point *p, int64_t ns, FILE *f, fc_error *err)
{
    fc_text_file t;
    fc_error after;
    fc_status s;

    if (p->tags > FC_INFLUX_TAGS || p->fields > FC_INFLUX_FIELDS)
        return fc_fail(err, FC_ELIMIT, "a point of InfluxDB with %zu tags and %zu fields, at most %d and %d",
                       p->tags, p->fields, FC_INFLUX_TAGS, FC_INFLUX_FIELDS);
    if (!p->fields)
        return FC_OK;
    s = fc_text_open(&t, err);
    if (s)
        return s;
    s = make_line(&t, p, ns, err);
    const fc_status closed = fc_text_close(&t, s ? &after : err);
    if (!s && !closed && fwrite(t.data, 1, t.n, f) != t.n)
        s = fc_fail_errno(err, "the points");
    free(t.data);
    return s ? s : closed;
}

static struct fc_influx_times *find_time(fc_influx_clock *c, int64_t time)
{
    for (size_t i = 0; i < c->n; i++)
        if (time >= c->run[i].first && time <= c->run[i].last)
            return &c->run[i];
    return NULL;
}

/* The time, or the first one behind it that no point has. */
static int64_t take_time(fc_influx_clock *c, int64_t time)
{
    struct fc_influx_times *in = NULL, *at;

    while ((at = find_time(c, time))) {
        in = at;
        time = at->last + 1;
    }
    if (in)
        return in->last = time;
    c->run[c->next] = (struct fc_influx_times){time, time};
    c->next = (c->next + 1) % FC_INFLUX_TIMES;
    c->n += c->n < FC_INFLUX_TIMES;
    return time;
}

int64_t fc_influx_clock_tick(fc_influx_clock *c, double seconds)
{
    const double most = 9.2e9; /* seconds: the year 2261, where 64 bits of nanoseconds end */
    struct timespec now;
    int64_t time;

    if (fabs(seconds) <= most) {
        /* Doubles have a quarter of a microsecond there: what they say in microseconds is what was meant. */
        time = (int64_t)llround(seconds * 1e6) * 1000;
    } else {
        clock_gettime(CLOCK_REALTIME, &now);
        time = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    }
    return take_time(c, time);
}
