#include "eval/threshold_yaml.h"

#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/text.h"
#include "base/yaml.h"

static yaml_node_t *value_of(yaml_document_t *d, const yaml_node_t *map, const char *key,
                             yaml_node_t **key_node)
{
    if (!map || map->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
        yaml_node_t *k = yaml_document_get_node(d, p->key);
        if (k->type == YAML_SCALAR_NODE && !strcmp((const char *)k->data.scalar.value, key)) {
            if (key_node)
                *key_node = k;
            return yaml_document_get_node(d, p->value);
        }
    }
    return NULL;
}

static yaml_node_t *find_model(yaml_document_t *d, const char *name)
{
    yaml_node_t *models = value_of(d, yaml_document_get_root_node(d), "models", NULL);

    if (!models || models->type != YAML_SEQUENCE_NODE)
        return NULL;
    for (yaml_node_item_t *i = models->data.sequence.items.start; i < models->data.sequence.items.top; i++) {
        yaml_node_t *model = yaml_document_get_node(d, *i), *n = value_of(d, model, "name", NULL);
        if (n && n->type == YAML_SCALAR_NODE && !strcmp((const char *)n->data.scalar.value, name))
            return model;
    }
    return NULL;
}

static yaml_node_t *model_of(yaml_document_t *d, const char *name)
{
    return name ? find_model(d, name) : yaml_document_get_root_node(d);
}

/* The last line of a node. A block's own end mark is where the next thing begins, behind comments. */
static size_t last_line(yaml_document_t *d, const yaml_node_t *n)
{
    size_t last = n->start_mark.line;

    if (n->type == YAML_SCALAR_NODE ||
        (n->type == YAML_MAPPING_NODE && n->data.mapping.style == YAML_FLOW_MAPPING_STYLE))
        return n->end_mark.line - (n->end_mark.column == 0 && n->end_mark.line > last);
    if (n->type == YAML_MAPPING_NODE)
        for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
            size_t l = last_line(d, yaml_document_get_node(d, p->value));
            last = l > last ? l : last;
        }
    return last;
}

struct place {
    size_t from, to; /* lines [from, to) go */
    size_t indent;
};

static fc_status find_place(struct place *out, yaml_document_t *d, const char *path, const char *name,
                            fc_error *err)
{
    yaml_node_t *model = model_of(d, name), *key = NULL, *value;

    if (!model)
        return fc_fail(err, FC_EMODEL, "%s: no model '%s'", path, name ? name : "");
    if (model->type != YAML_MAPPING_NODE || model->data.mapping.style == YAML_FLOW_MAPPING_STYLE)
        return fc_fail(err, FC_EUNSUPPORTED, "%s: the model is not described in lines of their own", path);
    if ((value = value_of(d, model, "threshold", &key))) {
        *out = (struct place){key->start_mark.line, last_line(d, value) + 1, key->start_mark.column};
        return FC_OK;
    }
    if (!(value = value_of(d, model, "normalisation", &key)))
        return fc_fail(err, FC_EMODEL, "%s: the model has no normalisation", path);
    const size_t behind = last_line(d, value) + 1;
    *out = (struct place){behind, behind, key->start_mark.column};
    return FC_OK;
}

static fc_status parse(struct place *out, const fc_bytes *text, const char *path, const char *name,
                       fc_error *err)
{
    yaml_document_t d;
    fc_status s = fc_yaml_load(&d, text, path, err);

    if (s)
        return s;
    s = find_place(out, &d, path, name, err);
    yaml_document_delete(&d);
    return s;
}

/* Where the line-th line begins; the end where there are fewer. */
static const uint8_t *line_at(const fc_bytes *text, size_t line)
{
    const uint8_t *at = text->data, *end = text->data + text->n;

    while (line-- && at < end) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        at = newline ? newline + 1 : end;
    }
    return at;
}

/* The text with the threshold in the place's lines. */
static fc_status put_threshold(fc_bytes *out, const fc_bytes *text, const struct place *place,
                               const char *number, const char *meaning, fc_error *err)
{
    const uint8_t *from = line_at(text, place->from), *to = line_at(text, place->to);
    const size_t before = (size_t)(from - text->data), behind = text->n - (size_t)(to - text->data),
                 room = before + place->indent + 2 * strlen(meaning) + FC_NUMBER_SIZE + 64 + behind;
    char *at = malloc(room);

    if (!at)
        return fc_fail_nomem(err, room);
    out->data = (uint8_t *)at;
    at = mempcpy(at, text->data, before);
    if (before && from[-1] != '\n')
        *at++ = '\n';
    at += sprintf(at, "%*sthreshold: {cosine: %s, meaning: \"", (int)place->indent, "", number);
    for (const char *c = meaning; *c; c++) {
        if (*c == '"' || *c == '\\')
            *at++ = '\\';
        *at++ = *c;
    }
    at = stpcpy(at, "\"}\n");
    at = mempcpy(at, to, behind);
    out->n = (size_t)(at - (char *)out->data);
    return FC_OK;
}

/* ---- that it is what was wanted ---- */

static bool same_scalar(const yaml_node_t *a, const yaml_node_t *b)
{
    return a->data.scalar.length == b->data.scalar.length &&
           !memcmp(a->data.scalar.value, b->data.scalar.value, a->data.scalar.length);
}

/* A description before and after, but for the thresholds. */
struct both {
    yaml_document_t was, is;
    const yaml_node_t *model; /* of was, whose threshold is passed over */
};

/* The pair behind the threshold, if p is that. */
static const yaml_node_pair_t *behind_threshold(yaml_document_t *d, const yaml_node_pair_t *p,
                                                const yaml_node_pair_t *top)
{
    const yaml_node_t *key = p < top ? yaml_document_get_node(d, p->key) : NULL;

    return key && key->type == YAML_SCALAR_NODE && !strcmp((const char *)key->data.scalar.value, "threshold")
               ? p + 1
               : p;
}

static bool same_node(struct both *b, int was, int is);

static bool same_pairs(struct both *b, const yaml_node_t *was, const yaml_node_t *is)
{
    const yaml_node_pair_t *p = was->data.mapping.pairs.start, *p_top = was->data.mapping.pairs.top;
    const yaml_node_pair_t *q = is->data.mapping.pairs.start, *q_top = is->data.mapping.pairs.top;

    for (;; p++, q++) {
        if (was == b->model) {
            p = behind_threshold(&b->was, p, p_top);
            q = behind_threshold(&b->is, q, q_top);
        }
        if (p == p_top || q == q_top)
            return p == p_top && q == q_top;
        if (!same_node(b, p->key, q->key) || !same_node(b, p->value, q->value))
            return false;
    }
}

/* By their numbers in the documents. fc_yaml_load has bounded the depth. */
static bool same_node(struct both *b, int was, int is)
{
    const yaml_node_t *m = yaml_document_get_node(&b->was, was), *n = yaml_document_get_node(&b->is, is);

    if (m->type != n->type)
        return false;
    if (m->type == YAML_SCALAR_NODE)
        return same_scalar(m, n);
    if (m->type == YAML_MAPPING_NODE)
        return same_pairs(b, m, n);
    const yaml_node_item_t *i = m->data.sequence.items.start, *j = n->data.sequence.items.start;
    const ptrdiff_t items = m->data.sequence.items.top - i;
    if (n->data.sequence.items.top - j != items)
        return false;
    for (ptrdiff_t k = 0; k < items; k++)
        if (!same_node(b, i[k], j[k]))
            return false;
    return true;
}

static bool has_threshold(yaml_document_t *d, const char *name, const char *number)
{
    const yaml_node_t *cosine =
        value_of(d, value_of(d, model_of(d, name), "threshold", NULL), "cosine", NULL);

    return cosine && cosine->type == YAML_SCALAR_NODE &&
           !strcmp((const char *)cosine->data.scalar.value, number);
}

/* Lines are found by their marks, which not every way to write YAML allows (keys with '?', line breaks that are no '\n'):
 * what would be written says the same as before and has the threshold, or nothing is written. */
static fc_status check(const fc_bytes *before, const fc_bytes *after, const char *path, const char *name,
                       const char *number, fc_error *err)
{
    struct both b;
    fc_status s = fc_yaml_load(&b.was, before, path, err);

    if (s)
        return s;
    b.model = model_of(&b.was, name);
    if ((s = fc_yaml_load(&b.is, after, path, NULL)) != FC_OK) {
        s = s == FC_ENOMEM ? fc_fail_nomem(err, 0) : FC_EUNSUPPORTED;
    } else {
        s = same_node(&b, 1, 1) && has_threshold(&b.is, name, number) ? FC_OK : FC_EUNSUPPORTED;
        yaml_document_delete(&b.is);
    }
    yaml_document_delete(&b.was);
    return s != FC_EUNSUPPORTED
               ? s
               : fc_fail(err, s,
                         "%s: a threshold cannot be put between its lines: write threshold: {cosine: %s}",
                         path, number);
}

fc_status fc_yaml_set_threshold(const char *path, const char *name, double cosine, const char *meaning,
                                fc_error *err)
{
    fc_bytes before = {0}, after = {0};
    struct place place = {0};
    char number[FC_NUMBER_SIZE];
    fc_atomic_file f = {0};
    fc_status s = fc_bytes_read_file(&before, path, FC_YAML_MAX_BYTES, err);

    fc_text_number(number, cosine);
    if (s || (s = parse(&place, &before, path, name, err)) ||
        (s = put_threshold(&after, &before, &place, number, meaning, err)) ||
        (s = check(&before, &after, path, name, number, err)) || (s = fc_atomic_open(&f, path, err)))
        goto out;
    s = fwrite(after.data, 1, after.n, f.f) < after.n ? fc_fail_errno(err, path) : fc_atomic_commit(&f, err);
out:
    fc_atomic_discard(&f);
    fc_bytes_clear(&after);
    fc_bytes_clear(&before);
    return s;
}
