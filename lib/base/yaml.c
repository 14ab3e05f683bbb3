#include "base/yaml.h"

#include "base/error.h"

static fc_status parser_fault(const yaml_parser_t *p, const char *name, size_t bytes, fc_error *err)
{
    if (p->error == YAML_MEMORY_ERROR)
        return fc_fail_nomem(err, bytes);
    return fc_fail(err, FC_EMODEL, "%s:%zu: %s", name, p->problem_mark.line + 1,
                   p->problem ? p->problem : "not YAML");
}

static fc_status check_event(const yaml_event_t *e, int *documents, int *depth, const char *name,
                             fc_error *err)
{
    const yaml_char_t *anchor = NULL;

    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++*documents > 1)
            return fc_fail(err, FC_EMODEL, "%s:%zu: a second document begins, want one", name,
                           e->start_mark.line + 1);
        break;
    case YAML_ALIAS_EVENT:
        anchor = e->data.alias.anchor;
        break;
    case YAML_SCALAR_EVENT:
        anchor = e->data.scalar.anchor;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = e->data.sequence_start.anchor;
        ++*depth;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = e->data.mapping_start.anchor;
        ++*depth;
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        --*depth;
        break;
    default:
        break;
    }
    if (anchor)
        return fc_fail(err, FC_EMODEL, "%s:%zu: anchors (&) and aliases (*) are not read here", name,
                       e->start_mark.line + 1);
    if (*depth > FC_YAML_MAX_DEPTH)
        return fc_fail(err, FC_EMODEL, "%s:%zu: more than %d levels of nesting", name, e->start_mark.line + 1,
                       FC_YAML_MAX_DEPTH);
    return FC_OK;
}

/* Goes through the events before a document is made of them: the parser works off one after the other, so that what is
 * refused here has cost no more than was read up to there. */
static fc_status check(const fc_bytes *text, const char *name, fc_error *err)
{
    yaml_parser_t p;
    yaml_event_t e;
    int documents = 0, depth = 0;
    bool more = true;
    fc_status s = FC_OK;

    if (!yaml_parser_initialize(&p))
        return fc_fail_nomem(err, sizeof p);
    yaml_parser_set_input_string(&p, text->data, text->n);
    while (!s && more) {
        if (!yaml_parser_parse(&p, &e)) {
            s = parser_fault(&p, name, text->n, err);
            break;
        }
        s = check_event(&e, &documents, &depth, name, err);
        more = e.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
    }
    yaml_parser_delete(&p);
    return s;
}

fc_status fc_yaml_load(yaml_document_t *doc, const fc_bytes *text, const char *name, fc_error *err)
{
    yaml_parser_t p;
    fc_status s;

    if (text->n > FC_YAML_MAX_BYTES)
        return fc_fail(err, FC_ELIMIT, "%s: more than %llu bytes", name,
                       (unsigned long long)FC_YAML_MAX_BYTES);
    s = check(text, name, err);
    if (s)
        return s;
    if (!yaml_parser_initialize(&p))
        return fc_fail_nomem(err, sizeof p);
    yaml_parser_set_input_string(&p, text->data, text->n);
    if (!yaml_parser_load(&p, doc)) {
        s = parser_fault(&p, name, text->n, err);
    } else if (!yaml_document_get_root_node(doc)) {
        s = fc_fail(err, FC_EEMPTY, "%s:1: no YAML in it", name);
        yaml_document_delete(doc);
    }
    yaml_parser_delete(&p);
    return s;
}
