/* Prometheus' text format back to figures: what fc_prom_save writes, and nothing else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/text.h"
#include "monitor/prom_impl.h"

enum { NAME_SIZE = 128 };
enum part { VALUE, BUCKET, SUM, COUNT };

struct reader {
    fc_prom *into; /* buckets are read as they are written, each with all below */
    const char *name;
    size_t line; /* 0: none in particular */
};

/* A line that was taken apart. */
struct sample {
    char name[NAME_SIZE];
    struct {
        char name[NAME_SIZE];
        char value[FC_PROM_LABEL_SIZE + 1];
    } label[FC_PROM_LABELS + 1];
    size_t labels;
    double value;
};

static fc_status bad(const struct reader *r, const char *why, fc_error *err)
{
    char line[40] = "";

    if (r->line)
        snprintf(line, sizeof line, " line %zu", r->line);
    return fc_fail(err, FC_EFORMAT, "%s:%s %s; it is left as it is", r->name, line, why);
}

/* ---- a line ---- */

static bool take_word(char out[NAME_SIZE], const char **at)
{
    const size_t n = strspn(*at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:");

    if (!n || n >= NAME_SIZE)
        return false;
    memcpy(out, *at, n);
    out[n] = '\0';
    *at += n;
    return true;
}

/* Behind the quote, and over the one at its end. */
static bool take_quoted(char out[FC_PROM_LABEL_SIZE + 1], const char **at)
{
    const char *p = *at;
    size_t n = 0;

    for (; *p && *p != '"'; p++) {
        char c = *p;
        if (c == '\\') {
            c = *++p;
            if (c == 'n')
                c = '\n';
            else if (c != '\\' && c != '"')
                return false;
        }
        if (n == FC_PROM_LABEL_SIZE)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    *at = p + 1;
    return *p == '"' && fc_text_is_utf8(out);
}

static bool take_labels(struct sample *s, const char **at)
{
    do {
        ++*at;
        if (s->labels > FC_PROM_LABELS || !take_word(s->label[s->labels].name, at) || strncmp(*at, "=\"", 2))
            return false;
        *at += 2;
        if (!take_quoted(s->label[s->labels].value, at))
            return false;
        s->labels++;
    } while (**at == ',');
    return *(*at)++ == '}';
}

static bool take_sample(struct sample *s, const char *line)
{
    const char *at = line, *end;

    s->labels = 0;
    if (!take_word(s->name, &at) || (*at == '{' && !take_labels(s, &at)) || *at++ != ' ')
        return false;
    return fc_text_read_number(&s->value, at, &end) && !*end;
}

/* ---- what it is of ---- */

static bool is_named(const char *name, const char *family, const char *ending)
{
    const size_t n = strlen(family);

    return !strncmp(name, family, n) && !strcmp(name + n, ending);
}

/* false: of none */
static bool find_family(const fc_prom *p, const char *name, size_t *family, enum part *part)
{
    static const char *const endings[] = {[BUCKET] = "_bucket", [SUM] = "_sum", [COUNT] = "_count"};

    for (size_t i = 0; i < p->n; i++) {
        const fc_prom_family *f = p->family[i].is;
        *family = i;
        *part = VALUE;
        if (f->kind != FC_PROM_HISTOGRAM && !strcmp(name, f->name))
            return true;
        for (*part = BUCKET; f->kind == FC_PROM_HISTOGRAM && *part <= COUNT; (*part)++)
            if (is_named(name, f->name, endings[*part]))
                return true;
    }
    return false;
}

/* The bucket that le ends: nbounds for infinity, more: none. */
static size_t bucket_of(const fc_prom_family *f, const char *le)
{
    const char *end;
    double bound;
    size_t i = 0;

    if (!strcmp(le, "+Inf"))
        return f->nbounds;
    if (!fc_text_read_number(&bound, le, &end) || *end)
        return SIZE_MAX;
    while (i < f->nbounds && f->bounds[i] != bound)
        i++;
    return i < f->nbounds ? i : SIZE_MAX;
}

/* value [FC_PROM_LABELS]: as the family orders them; le: NULL where there is none. false: a label of another family. */
static bool order_labels(const fc_prom_family *f, const struct sample *s, const char **value, const char **le)
{
    const size_t labels = fc_prom_labels(f);

    *le = NULL;
    for (size_t i = 0; i < FC_PROM_LABELS; i++)
        value[i] = "";
    for (size_t i = 0; i < s->labels; i++) {
        size_t k = 0;
        if (!strcmp(s->label[i].name, "le")) {
            *le = s->label[i].value;
            continue;
        }
        while (k < labels && strcmp(f->label[k], s->label[i].name))
            k++;
        if (k == labels)
            return false;
        value[k] = s->label[i].value;
    }
    return true;
}

static fc_status take_line(struct reader *r, struct sample *sample, const char *line, fc_error *err)
{
    const char *value[FC_PROM_LABELS], *le;
    struct series *series;
    enum part part;
    size_t family, bucket;

    if (!*line || *line == '#')
        return FC_OK;
    if (!take_sample(sample, line))
        return bad(r, "is none of Prometheus' text format", err);
    if (!find_family(r->into, sample->name, &family, &part))
        return bad(r, "is a figure of another program, or of another version", err);
    const fc_prom_family *f = r->into->family[family].is;
    if (!order_labels(f, sample, value, &le) || (le != NULL) != (part == BUCKET))
        return bad(r, "has other labels than this program gives", err);
    if (f->kind == FC_PROM_GAUGE)
        return FC_OK;
    if (part != SUM && sample->value < 0)
        return bad(r, "counts less than nothing", err);
    bucket = part == BUCKET ? bucket_of(f, le) : 0;
    if (bucket == SIZE_MAX)
        return bad(r, "has other buckets than this program's", err);
    series = fc_prom_series(r->into, family, value);
    if (!series)
        return fc_fail_nomem(err, 0);
    if (part == BUCKET)
        series->bucket[bucket] = sample->value;
    else if (part != COUNT) /* the last bucket says it, too */
        series->v = sample->value;
    return FC_OK;
}

/* ---- all of it ---- */

/* Adds what was read, its buckets apart again. */
static fc_status add_series(struct reader *r, fc_prom *p, size_t family, const struct series *from,
                            fc_error *err)
{
    const fc_prom_family *f = p->family[family].is;
    const char *value[FC_PROM_LABELS] = {0};
    double below = 0;

    for (size_t i = 0; i < fc_prom_labels(f); i++)
        value[i] = p->forgotten && !strcmp(f->label[i], p->forgotten) ? "" : from->value[i];
    struct series *to = fc_prom_series(p, family, value);

    if (!to)
        return fc_fail_nomem(err, 0);
    to->v += from->v;
    for (size_t i = 0; f->kind == FC_PROM_HISTOGRAM && i <= f->nbounds; i++) {
        if (from->bucket[i] < below)
            return fc_fail(err, FC_EFORMAT, "%s: the buckets of %s do not rise; it is left as it is", r->name,
                           f->name);
        to->bucket[i] += from->bucket[i] - below;
        below = from->bucket[i];
    }
    return FC_OK;
}

static fc_status add_all(struct reader *r, fc_prom *p, fc_error *err)
{
    fc_status s = FC_OK;

    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; !s && i < r->into->n; i++)
        for (size_t k = 0; !s && k < r->into->family[i].n; k++)
            if (r->into->family[i].is->kind != FC_PROM_GAUGE)
                s = add_series(r, p, i, r->into->family[i].series[k], err);
    pthread_mutex_unlock(&p->lock);
    return s;
}

static fc_status read_lines(struct reader *r, char *text, fc_error *err)
{
    struct sample *sample = malloc(sizeof *sample);
    fc_status s = sample ? FC_OK : fc_fail_nomem(err, sizeof *sample);

    for (char *line = text, *end; !s && *line; line = end + 1) {
        r->line++;
        end = strchr(line, '\n');
        if (!end) {
            s = bad(r, "ends too early", err);
            break;
        }
        *end = '\0';
        s = take_line(r, sample, line, err);
    }
    free(sample);
    return s;
}

fc_status fc_prom_parse(fc_prom *p, const char *text, size_t n, const char *name, fc_error *err)
{
    struct reader r = {.name = name};
    char *copy = strndup(text, n);
    fc_status s = copy ? fc_prom_new(&r.into, p->family->is, p->n, err) : fc_fail_nomem(err, n + 1);

    if (!s)
        s = strlen(copy) == n ? read_lines(&r, copy, err) : bad(&r, "has a NUL byte", err);
    if (!s)
        s = add_all(&r, p, err);
    fc_prom_free(r.into);
    free(copy);
    return s;
}

void fc_prom_forget(fc_prom *p, const char *label)
{
    p->forgotten = label;
}

fc_status fc_prom_load(fc_prom *p, const char *path, fc_error *err)
{
    fc_bytes b = {0};
    fc_status s = fc_bytes_read_file(&b, path, FC_PROM_FILE_SIZE, err);

    if (s == FC_EMISSING || s == FC_EEMPTY)
        return FC_OK;
    if (!s)
        s = fc_prom_parse(p, (const char *)b.data, b.n, path, err);
    fc_bytes_clear(&b);
    return s;
}
