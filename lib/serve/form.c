#include "serve/form.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/text.h"
#include "serve/multipart.h"

size_t fc_form_most(const fc_form_limits *l)
{
    return l->files * (l->file_bytes + FC_FORM_HEAD_BYTES) + FC_FORM_FIELD_BYTES +
           (size_t)FC_FORM_MAX_FIELDS * 256;
}

void fc_form_clear(fc_form *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->part[i].name);
        free(f->part[i].file);
    }
    free(f->part);
    *f = (fc_form){0};
}

/* Takes the part's name and file. */
static fc_status add_part(fc_form *f, const fc_form_part *p, fc_error *err)
{
    fc_status s = fc_grow(&f->part, f->n + 1, &f->cap, sizeof *f->part, err);

    if (!s) {
        f->part[f->n++] = *p;
        f->files += p->file != NULL;
        f->field_bytes += p->file ? 0 : strlen(p->name) + p->n;
        return FC_OK;
    }
    free(p->name);
    free(p->file);
    return s;
}

static fc_status check_limits(const fc_form *f, const fc_form_limits *l, fc_error *err)
{
    const fc_form_part *last = &f->part[f->n - 1];

    if (last->file && last->n > l->file_bytes)
        return fc_fail(err, FC_ELIMIT, "a file of %zu bytes; at most %zu are taken", last->n, l->file_bytes);
    if (f->files > l->files)
        return fc_fail(err, FC_ELIMIT, "more than %zu files", l->files);
    if (f->n - f->files > FC_FORM_MAX_FIELDS || f->field_bytes > FC_FORM_FIELD_BYTES)
        return fc_fail(err, FC_ELIMIT, "more than %d fields, or more than %d bytes in them",
                       FC_FORM_MAX_FIELDS, FC_FORM_FIELD_BYTES);
    return FC_OK;
}

static fc_status parse_parts(fc_form *f, const char *type, const uint8_t *body, size_t n,
                             const fc_form_limits *l, fc_error *err)
{
    char boundary[FC_BOUNDARY_MAX + 1];
    fc_multipart_part p;
    fc_multipart m;
    fc_status s = fc_multipart_boundary(boundary, type, err);

    if (s)
        return s;
    fc_multipart_open(&m, boundary, body, n);
    while (!(s = fc_multipart_next(&m, &p, err))) {
        s = add_part(f, &(fc_form_part){p.name, p.file, p.data, p.n}, err);
        if (!s)
            s = check_limits(f, l, err);
        if (s)
            return s;
    }
    return s == FC_END ? FC_OK : s;
}

static fc_status take_raw(fc_form *f, const uint8_t *body, size_t n, const fc_form_limits *l, fc_error *err)
{
    const fc_form_part p = {.name = strdup(""), .file = strdup(FC_FORM_RAW), .data = body, .n = n};
    fc_status s;

    if (!p.name || !p.file) {
        free(p.name);
        free(p.file);
        return fc_fail_nomem(err, 0);
    }
    s = add_part(f, &p, err);
    return s ? s : check_limits(f, l, err);
}

fc_status fc_form_parse(fc_form *out, const char *type, const uint8_t *body, size_t n,
                        const fc_form_limits *l, fc_error *err)
{
    fc_status s = FC_OK;

    *out = (fc_form){0};
    if (fc_multipart_is(type))
        s = parse_parts(out, type, body, n, l, err);
    else if (n)
        s = take_raw(out, body, n, l, err);
    if (s)
        fc_form_clear(out);
    return s;
}

fc_status fc_form_add(fc_form *f, const char *name, const char *value, fc_error *err)
{
    const fc_form_part p = {
        .name = strdup(name), .data = (const uint8_t *)value, .n = value ? strlen(value) : 0};

    if (!p.name)
        return fc_fail_nomem(err, strlen(name) + 1);
    if (f->n - f->files >= FC_FORM_MAX_FIELDS || fc_form_find(f, name)) {
        free(p.name);
        return fc_fail(err, FC_EUSAGE, "%s: given twice", name);
    }
    return add_part(f, &p, err);
}

/* ---- fields ---- */

const fc_form_part *fc_form_find(const fc_form *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (!strcmp(f->part[i].name, name))
            return &f->part[i];
    return NULL;
}

enum { VALUE_MAX = 64 };

/* The value of a field, for a number or a word. false: there is no such field, or (*s) it is none. */
static bool short_value(const fc_form *f, const char *name, char out[VALUE_MAX + 1], fc_status *s,
                        fc_error *err)
{
    const fc_form_part *p = fc_form_find(f, name);

    *s = FC_OK;
    if (!p)
        return false;
    if (p->file || p->n > VALUE_MAX || (p->n && memchr(p->data, 0, p->n))) {
        *s = fc_fail(err, FC_EUSAGE, "%s: want a value, got %s", name, p->file ? "a file" : "a long text");
        return false;
    }
    if (p->n)
        memcpy(out, p->data, p->n);
    out[p->n] = '\0';
    return true;
}

fc_status fc_form_real(const fc_form *f, const char *name, double min, double max, double *out, fc_error *err)
{
    char text[VALUE_MAX + 1];
    const char *end;
    double v;
    fc_status s;

    if (!short_value(f, name, text, &s, err))
        return s;
    if (!fc_text_read_number(&v, text, &end) || *end || v < min || v > max)
        return fc_fail(err, FC_EUSAGE, "%s: want %.15g..%.15g, got '%s'", name, min, max, text);
    *out = v;
    return FC_OK;
}

fc_status fc_form_count(const fc_form *f, const char *name, size_t min, size_t max, size_t *out,
                        fc_error *err)
{
    double v = (double)*out;
    fc_status s = fc_form_real(f, name, (double)min, (double)max, &v, err);

    if (!s && v != (double)(size_t)v)
        return fc_fail(err, FC_EUSAGE, "%s: want a whole number", name);
    if (!s)
        *out = (size_t)v;
    return s;
}

fc_status fc_form_flag(const fc_form *f, const char *name, bool *out, fc_error *err)
{
    static const char *const words[] = {"0", "1", "false", "true", "no", "yes", "", NULL};
    char text[VALUE_MAX + 1];
    fc_status s;

    if (!short_value(f, name, text, &s, err))
        return s;
    for (size_t i = 0; words[i]; i++)
        if (!strcmp(text, words[i])) {
            *out = i % 2 || !*words[i];
            return FC_OK;
        }
    return fc_fail(err, FC_EUSAGE, "%s: want 1 or 0, got '%s'", name, text);
}

fc_status fc_form_choice(const fc_form *f, const char *name, const char *const *choices, int *out,
                         fc_error *err)
{
    char text[VALUE_MAX + 1], want[200] = "";
    fc_status s;

    if (!short_value(f, name, text, &s, err))
        return s;
    for (int i = 0; choices[i]; i++) {
        const size_t n = strlen(want);
        if (!strcmp(text, choices[i])) {
            *out = i;
            return FC_OK;
        }
        snprintf(want + n, sizeof want - n, "%s%s", !i ? "" : choices[i + 1] ? ", " : " or ", choices[i]);
    }
    return fc_fail(err, FC_EUSAGE, "%s: want %s, got '%s'", name, want, text);
}

fc_status fc_form_only(const fc_form *f, const char *const *names, fc_error *err)
{
    for (size_t i = 0; i < f->n; i++) {
        bool known = f->part[i].file != NULL;
        for (size_t k = 0; !known && names[k]; k++)
            known = !strcmp(f->part[i].name, names[k]);
        if (!known)
            return fc_fail(err, FC_EUSAGE, "no field '%.100s'", f->part[i].name);
    }
    return FC_OK;
}
