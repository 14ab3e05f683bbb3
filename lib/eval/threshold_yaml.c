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
    yaml_node_t *model = name ? find_model(d, name) : yaml_document_get_root_node(d), *key = NULL, *value;

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

fc_status fc_yaml_set_threshold(const char *path, const char *name, double cosine, const char *meaning,
                                fc_error *err)
{
    fc_bytes text = {0};
    struct place place = {0};
    char number[FC_NUMBER_SIZE];
    fc_atomic_file f = {0};
    fc_status s = fc_bytes_read_file(&text, path, FC_YAML_MAX_BYTES, err);

    if (s || (s = parse(&place, &text, path, name, err)) || (s = fc_atomic_open(&f, path, err)))
        goto out;
    const uint8_t *from = line_at(&text, place.from), *to = line_at(&text, place.to);
    fc_text_number(number, cosine);
    fwrite(text.data, 1, (size_t)(from - text.data), f.f);
    if (from > text.data && from[-1] != '\n')
        putc('\n', f.f);
    fprintf(f.f, "%*sthreshold: {cosine: %s, meaning: \"", (int)place.indent, "", number);
    for (const char *c = meaning; *c; c++)
        fprintf(f.f, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
    fputs("\"}\n", f.f);
    fwrite(to, 1, text.n - (size_t)(to - text.data), f.f);
    s = ferror(f.f) ? fc_fail_errno(err, path) : fc_atomic_commit(&f, err);
out:
    fc_atomic_discard(&f);
    fc_bytes_clear(&text);
    return s;
}
