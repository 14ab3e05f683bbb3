#include "monitor/prom.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/text.h"
#include "monitor/prom_impl.h"

#define OTHER "other"

size_t fc_prom_labels(const fc_prom_family *f)
{
    size_t n = 0;

    while (n < FC_PROM_LABELS && f->label[n])
        n++;
    return n;
}

/* ---- series ---- */

static void free_series(struct series *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < FC_PROM_LABELS; i++)
        free(s->value[i]);
    free(s->bucket);
    free(s);
}

static struct series *new_series(const fc_prom_family *f, const char *const *value)
{
    struct series *s = calloc(1, sizeof *s);
    bool whole = s;

    for (size_t i = 0; whole && i < fc_prom_labels(f); i++)
        whole = (s->value[i] = strdup(value[i])) != NULL;
    if (whole && f->kind == FC_PROM_HISTOGRAM)
        whole = (s->bucket = calloc(f->nbounds + 1, sizeof *s->bucket)) != NULL;
    if (whole)
        return s;
    free_series(s);
    return NULL;
}

static int compare(const struct series *s, const char *const *value, size_t labels)
{
    int order = 0;

    for (size_t i = 0; !order && i < labels; i++)
        order = strcmp(s->value[i], value[i]);
    return order;
}

/* Where the series is, or would be. */
static size_t place(const struct family *f, const char *const *value, size_t labels, bool *there)
{
    size_t low = 0, high = f->n;

    *there = false;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare(f->series[middle], value, labels);
        if (!order) {
            *there = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What a label may be. */
static const char *bounded(const char *value)
{
    return !value ? "" : strlen(value) > FC_PROM_LABEL_SIZE || !fc_text_is_utf8(value) ? OTHER : value;
}

struct series *fc_prom_series(fc_prom *p, size_t family, const char *const *value)
{
    struct family *f = &p->family[family];
    const size_t labels = fc_prom_labels(f->is);
    const char *key[FC_PROM_LABELS] = {0};
    struct series *s;
    bool there;

    for (size_t i = 0; i < labels; i++)
        key[i] = bounded(value[i]);
    size_t at = place(f, key, labels, &there);
    if (!there && labels && f->n >= FC_PROM_SERIES) { /* the last one is that of all others */
        for (size_t i = 0; i < labels; i++)
            key[i] = OTHER;
        at = place(f, key, labels, &there);
    }
    if (there)
        return f->series[at];
    s = new_series(f->is, key);
    if (!s || fc_grow(&f->series, f->n + 1, &f->cap, sizeof *f->series, NULL)) {
        free_series(s);
        p->lost = true;
        return NULL;
    }
    memmove(f->series + at + 1, f->series + at, (f->n - at) * sizeof *f->series);
    f->n++;
    return f->series[at] = s;
}

/* ---- the registry ---- */

fc_status fc_prom_new(fc_prom **out, const fc_prom_family *family, size_t n, fc_error *err)
{
    fc_prom *p = calloc(1, sizeof *p);

    *out = NULL;
    if (!p || !(p->family = calloc(n, sizeof *p->family))) {
        free(p);
        return fc_fail_nomem(err, n * sizeof *p->family);
    }
    pthread_mutex_init(&p->lock, NULL);
    p->n = n;
    for (size_t i = 0; i < n; i++) {
        p->family[i].is = &family[i];
        if (!fc_prom_labels(&family[i]) && family[i].kind != FC_PROM_GAUGE)
            fc_prom_series(p, i, NULL);
    }
    if (p->lost) {
        fc_prom_free(p);
        return fc_fail_nomem(err, 0);
    }
    *out = p;
    return FC_OK;
}

void fc_prom_free(fc_prom *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++) {
        for (size_t k = 0; k < p->family[i].n; k++)
            free_series(p->family[i].series[k]);
        free(p->family[i].series);
    }
    pthread_mutex_destroy(&p->lock);
    free(p->family);
    free(p);
}

enum how { ADD, SET };

static void change(fc_prom *p, size_t family, const char *const *value, enum how how, double v)
{
    struct series *s;

    if (!isfinite(v))
        return;
    pthread_mutex_lock(&p->lock);
    s = fc_prom_series(p, family, value);
    if (s)
        s->v = how == ADD ? s->v + v : v;
    p->changes++;
    pthread_mutex_unlock(&p->lock);
}

void fc_prom_add(fc_prom *p, size_t family, const char *const *value, double by)
{
    if (by >= 0)
        change(p, family, value, ADD, by);
}

void fc_prom_set(fc_prom *p, size_t family, const char *const *value, double v)
{
    change(p, family, value, SET, v);
}

void fc_prom_change(fc_prom *p, size_t family, const char *const *value, double by)
{
    change(p, family, value, ADD, by);
}

void fc_prom_observe(fc_prom *p, size_t family, const char *const *value, double v)
{
    const fc_prom_family *f = p->family[family].is;
    struct series *s;
    size_t k = 0;

    if (!isfinite(v))
        return;
    while (k < f->nbounds && v > f->bounds[k])
        k++;
    pthread_mutex_lock(&p->lock);
    s = fc_prom_series(p, family, value);
    if (s) {
        s->bucket[k]++;
        s->v += v;
    }
    p->changes++;
    pthread_mutex_unlock(&p->lock);
}

/* ---- the text ---- */

static void put_value(FILE *f, double v)
{
    char number[FC_NUMBER_SIZE];

    if (fabs(v) < 9007199254740992 && v == floor(v)) {
        fprintf(f, " %.0f\n", v);
        return;
    }
    fc_text_number(number, v);
    fprintf(f, " %s\n", number);
}

static void put_label(FILE *f, const char *name, const char *value, bool *any)
{
    fprintf(f, "%c%s=\"", *any ? ',' : '{', name);
    *any = true;
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            putc('\\', f);
        if (*value == '\n')
            fputs("\\n", f);
        else
            putc(*value, f);
    }
    putc('"', f);
}

/* le: a bucket's end, or NULL */
static void put_name(FILE *f, const fc_prom_family *is, const char *ending, const struct series *s,
                     const char *le)
{
    bool any = false;

    fprintf(f, "%s%s", is->name, ending);
    for (size_t i = 0; i < fc_prom_labels(is); i++)
        if (*s->value[i])
            put_label(f, is->label[i], s->value[i], &any);
    if (le)
        put_label(f, "le", le, &any);
    if (any)
        putc('}', f);
}

static void put_histogram(FILE *f, const fc_prom_family *is, const struct series *s)
{
    char number[FC_NUMBER_SIZE] = "+Inf";
    double sum = 0;

    for (size_t i = 0; i <= is->nbounds; i++) {
        sum += s->bucket[i];
        if (i < is->nbounds)
            fc_text_number(number, is->bounds[i]);
        put_name(f, is, "_bucket", s, i < is->nbounds ? number : "+Inf");
        put_value(f, sum);
    }
    put_name(f, is, "_sum", s, NULL);
    put_value(f, s->v);
    put_name(f, is, "_count", s, NULL);
    put_value(f, sum);
}

static void put_family(FILE *f, const struct family *family)
{
    static const char *const kinds[] = {
        [FC_PROM_COUNTER] = "counter", [FC_PROM_GAUGE] = "gauge", [FC_PROM_HISTOGRAM] = "histogram"};
    const fc_prom_family *is = family->is;

    if (!family->n)
        return;
    fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", is->name, is->help, is->name, kinds[is->kind]);
    for (size_t i = 0; i < family->n; i++) {
        if (is->kind == FC_PROM_HISTOGRAM) {
            put_histogram(f, is, family->series[i]);
        } else {
            put_name(f, is, "", family->series[i], NULL);
            put_value(f, family->series[i]->v);
        }
    }
}

char *fc_prom_text(fc_prom *p)
{
    fc_text_file t;
    bool lost;

    if (fc_text_open(&t, NULL))
        return NULL;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < p->n; i++)
        put_family(t.f, &p->family[i]);
    lost = p->lost;
    p->written = p->changes;
    pthread_mutex_unlock(&p->lock);
    if (fc_text_close(&t, NULL))
        return NULL;
    if (!lost)
        return t.data;
    free(t.data);
    return NULL;
}

fc_status fc_prom_save(fc_prom *p, const char *path, fc_error *err)
{
    char *text = fc_prom_text(p);
    fc_atomic_file f;
    fc_status s = text ? fc_atomic_open(&f, path, err) : fc_fail_nomem(err, 0);

    if (!s) {
        if (fputs(text, f.f) < 0) {
            s = fc_fail_errno(err, path);
            fc_atomic_discard(&f);
        } else {
            s = fc_atomic_commit(&f, err);
        }
    }
    free(text);
    return s;
}
