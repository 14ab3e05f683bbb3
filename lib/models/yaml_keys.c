#include "models/yaml_keys.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

fc_status fc_yaml_fault(fc_yaml_source *y, const yaml_node_t *node, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return fc_fail(y->err, FC_EMODEL, "%s:%zu: %s", y->path, node->start_mark.line + 1, text);
}

fc_status fc_yaml_text(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    char **out = to;

    if (v->type != YAML_SCALAR_NODE || v->data.scalar.length == 0)
        return fc_yaml_fault(y, v, "want a word or text");
    for (size_t i = 0; i < v->data.scalar.length; i++)
        if (v->data.scalar.value[i] < ' ')
            return fc_yaml_fault(y, v, "a control character in a text");
    *out = strdup((const char *)v->data.scalar.value);
    return *out ? FC_OK : fc_fail_nomem(y->err, v->data.scalar.length);
}

fc_status fc_yaml_name(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    char **out = to;
    fc_status s = fc_yaml_text(y, v, to);
    if (!s && (strlen(*out) > 64 || strspn(*out, "abcdefghijklmnopqrstuvwxyz0123456789._-") != strlen(*out)))
        return fc_yaml_fault(y, v, "name '%s': want up to 64 of a-z 0-9 . _ -", *out);
    return s;
}

fc_status fc_yaml_number(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    const char *text = (const char *)v->data.scalar.value, *end;
    double d;

    if (v->type != YAML_SCALAR_NODE || v->data.scalar.length == 0)
        return fc_yaml_fault(y, v, "want a number");
    if (!fc_text_read_number(&d, *text == '+' ? text + 1 : text, &end) || *end)
        return fc_yaml_fault(y, v, "want a number, got '%s'", text);
    *(double *)to = d; /* what has something behind it is none: it may be any */
    return FC_OK;
}

fc_status fc_yaml_int(fc_yaml_source *y, const yaml_node_t *v, int lowest, int highest, int *out)
{
    double d = 0;
    fc_status s = fc_yaml_number(y, v, &d);
    if (s)
        return s;
    if (d != floor(d) || d < lowest || d > highest)
        return fc_yaml_fault(y, v, "want a whole number from %d to %d, got '%s'", lowest, highest,
                             (const char *)v->data.scalar.value);
    *out = (int)d;
    return FC_OK;
}

fc_status fc_yaml_version(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    return fc_yaml_int(y, v, 1, 1, to);
}

bool fc_yaml_is(const yaml_node_t *v, const char *word)
{
    return v->type == YAML_SCALAR_NODE && strcmp((const char *)v->data.scalar.value, word) == 0;
}

fc_status fc_yaml_cosine(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    double *out = to;
    fc_status s = fc_yaml_number(y, v, to);
    if (!s && fabs(*out) > 1)
        return fc_yaml_fault(y, v, "cosine: want -1 to 1");
    return s;
}

/* ---- mappings ---- */

#define MAX_KEYS 32

fc_status fc_yaml_map(fc_yaml_source *y, const yaml_node_t *node, const char *what, const fc_yaml_key *keys,
                      size_t n, void *to)
{
    bool seen[MAX_KEYS] = {false};

    if (node->type != YAML_MAPPING_NODE)
        return fc_yaml_fault(y, node, "%s: want a mapping", what);
    for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
        const yaml_node_t *k = yaml_document_get_node(&y->doc, p->key);
        size_t i = 0;
        if (k->type != YAML_SCALAR_NODE)
            return fc_yaml_fault(y, k, "%s: a key that is not a word", what);
        while (i < n && !fc_yaml_is(k, keys[i].name))
            i++;
        if (i == n)
            return fc_yaml_fault(y, k, "%s: unknown key '%s'", what, (const char *)k->data.scalar.value);
        if (seen[i])
            return fc_yaml_fault(y, k, "%s: key '%s' twice", what, keys[i].name);
        seen[i] = true;
        fc_status s = keys[i].read(y, yaml_document_get_node(&y->doc, p->value), (char *)to + keys[i].offset);
        if (s)
            return s;
    }
    for (size_t i = 0; i < n; i++)
        if (keys[i].required && !seen[i])
            return fc_yaml_fault(y, node, "%s: no '%s'", what, keys[i].name);
    return FC_OK;
}

static fc_status read_pairs(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    double d = 0;
    fc_status s = fc_yaml_number(y, v, &d);

    if (s)
        return s;
    if (!(d == floor(d) && d >= 1 && d <= 1e15))
        return fc_yaml_fault(y, v, "pairs: want a whole number from 1 to 1e15");
    *(uint64_t *)to = (uint64_t)d;
    return FC_OK;
}

/* Of [rate, threshold]: two numbers. */
static fc_status read_point(fc_yaml_source *y, const yaml_node_t *v, struct fc_fmr_point *to)
{
    double *number[] = {&to->fmr, &to->threshold};
    fc_status s = FC_OK;

    if (v->type != YAML_SEQUENCE_NODE ||
        v->data.sequence.items.top - v->data.sequence.items.start != sizeof number / sizeof *number)
        return fc_yaml_fault(y, v, "thresholds: want [rate, cosine]");
    for (size_t i = 0; i < sizeof number / sizeof *number && !s; i++)
        s = fc_yaml_number(y, yaml_document_get_node(&y->doc, v->data.sequence.items.start[i]), number[i]);
    if (!s && !(to->fmr > 0 && to->fmr < 1 && fabs(to->threshold) <= 1))
        return fc_yaml_fault(y, v, "thresholds: want rates above 0 and below 1, and cosines of -1 to 1");
    return s;
}

static fc_status read_points(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    fc_fmr_curve *c = to;
    fc_status s = FC_OK;

    if (v->type != YAML_SEQUENCE_NODE)
        return fc_yaml_fault(y, v, "thresholds: want a list");
    const size_t n = (size_t)(v->data.sequence.items.top - v->data.sequence.items.start);
    if (n < 1 || n > FC_CURVE_POINTS)
        return fc_yaml_fault(y, v, "thresholds: want 1 to %d of them", FC_CURVE_POINTS);
    for (size_t i = 0; i < n && !s; i++) {
        const yaml_node_t *node = yaml_document_get_node(&y->doc, v->data.sequence.items.start[i]);
        s = read_point(y, node, &c->point[i]);
        if (!s && i > 0 &&
            (c->point[i].fmr >= c->point[i - 1].fmr || c->point[i].threshold < c->point[i - 1].threshold))
            s = fc_yaml_fault(y, node, "thresholds: rates want to fall, and cosines not to");
    }
    c->n = n;
    return s;
}

fc_status fc_yaml_false_matches(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    static const fc_yaml_key keys[] = {{"pairs", read_pairs, offsetof(fc_fmr_curve, pairs), true},
                                       {"thresholds", read_points, 0, true}};
    return fc_yaml_map(y, v, "false_matches", keys, sizeof keys / sizeof *keys, to);
}

fc_status fc_yaml_open(fc_yaml_source *y, const char *path, fc_error *err)
{
    fc_bytes bytes = {0};
    fc_status s;

    *y = (fc_yaml_source){.path = path, .err = err};
    s = fc_bytes_read_file(&bytes, path, FC_YAML_MAX_BYTES, err);
    if (s)
        return s;
    s = fc_yaml_load(&y->doc, &bytes, path, err);
    fc_bytes_clear(&bytes);
    return s;
}

void fc_yaml_close(fc_yaml_source *y)
{
    yaml_document_delete(&y->doc);
}
