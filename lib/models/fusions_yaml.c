#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/folder.h"
#include "models/fusion.h"
#include "models/yaml_keys.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Of a list of two. */
static fc_status read_two(fc_yaml_source *y, const yaml_node_t *v, const char *what,
                          fc_status (*read)(fc_yaml_source *y, const yaml_node_t *v, void *to),
                          void *to[FC_FUSED])
{
    fc_status s = FC_OK;

    if (v->type != YAML_SEQUENCE_NODE ||
        v->data.sequence.items.top - v->data.sequence.items.start != FC_FUSED)
        return fc_yaml_fault(y, v, "%s: want a list of two", what);
    for (int i = 0; !s && i < FC_FUSED; i++)
        s = read(y, yaml_document_get_node(&y->doc, v->data.sequence.items.start[i]), to[i]);
    return s;
}

static fc_status read_names(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    char **name = to;
    void *two[] = {&name[0], &name[1]};
    fc_status s = read_two(y, v, "models", fc_yaml_name, two);

    return !s && !strcmp(name[0], name[1]) ? fc_yaml_fault(y, v, "models: '%s' twice", name[0]) : s;
}

static fc_status read_contract(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    char *text = NULL;
    fc_status s = fc_yaml_text(y, v, &text);

    if (!s && snprintf(to, FC_FUSED_CONTRACT, "%s", text) >= FC_FUSED_CONTRACT)
        s = fc_yaml_fault(y, v, "contracts: want those of models");
    free(text);
    return s;
}

static fc_status read_contracts(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    char(*contract)[FC_FUSED_CONTRACT] = to;
    void *two[] = {contract[0], contract[1]};

    return read_two(y, v, "contracts", read_contract, two);
}

static fc_status read_weight(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    const double *out = to;
    fc_status s = fc_yaml_number(y, v, to);

    return !s && !(*out >= 1e-6 && *out <= 1e6) ? fc_yaml_fault(y, v, "weights: want numbers of 1e-6 to 1e6")
                                                : s;
}

static fc_status read_weights(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    double *weight = to;
    void *two[] = {&weight[0], &weight[1]};

    return read_two(y, v, "weights", read_weight, two);
}

static fc_status read_threshold(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    static const fc_yaml_key keys[] = {
        {"cosine", fc_yaml_cosine, offsetof(fc_fusion, threshold), true},
        {"meaning", fc_yaml_text, offsetof(fc_fusion, threshold_meaning), false}};
    return fc_yaml_map(y, v, "threshold", keys, COUNT(keys), to);
}

/* fusions.yaml while it is read. */
struct fusions {
    int version;
    fc_fusion **list;
    size_t n;
};

static bool is_contract_of(const char *contract, const char *model)
{
    const size_t n = strlen(model);

    return !strncmp(contract, model, n) && contract[n] == ':';
}

static fc_status read_fusion(fc_yaml_source *y, const yaml_node_t *node, fc_fusion *f)
{
    static const fc_yaml_key keys[] = {
        {"models", read_names, offsetof(fc_fusion, model), true},
        {"contracts", read_contracts, offsetof(fc_fusion, contract), true},
        {"weights", read_weights, offsetof(fc_fusion, weight), true},
        {"threshold", read_threshold, 0, true},
        {"false_matches", fc_yaml_false_matches, offsetof(fc_fusion, curve), false}};
    fc_status s = fc_yaml_map(y, node, "fusion", keys, COUNT(keys), f);

    for (int i = 0; !s && i < FC_FUSED; i++)
        if (!is_contract_of(f->contract[i], f->model[i]))
            s = fc_yaml_fault(y, node, "contracts: '%s' is none of '%s'", f->contract[i], f->model[i]);
    return s;
}

static fc_status read_fusions(fc_yaml_source *y, const yaml_node_t *v, void *to)
{
    struct fusions *f = to;

    if (v->type != YAML_SEQUENCE_NODE)
        return fc_yaml_fault(y, v, "fusions: want a list");
    const size_t count = (size_t)(v->data.sequence.items.top - v->data.sequence.items.start);
    f->list = calloc(count + 1, sizeof *f->list);
    if (!f->list)
        return fc_fail_nomem(y->err, (count + 1) * sizeof *f->list);
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *node = yaml_document_get_node(&y->doc, v->data.sequence.items.start[i]);
        fc_fusion *one = f->list[f->n] = calloc(1, sizeof *one);
        if (!one)
            return fc_fail_nomem(y->err, sizeof *one);
        f->n++;
        fc_status s = read_fusion(y, node, one);
        for (size_t k = 0; !s && k < i; k++)
            if (fc_fusion_is_of(one, f->list[k]->model[0], f->list[k]->model[1]))
                s = fc_yaml_fault(y, node, "models '%s' and '%s' twice", one->model[0], one->model[1]);
        if (s)
            return s;
    }
    return FC_OK;
}

static void free_list(fc_fusion **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fc_fusion_free(list[i]);
    free(list);
}

fc_status fc_fusions_yaml_read(fc_fusion ***list, size_t *n, const char *dir, fc_error *err)
{
    static const fc_yaml_key keys[] = {{"version", fc_yaml_version, offsetof(struct fusions, version), true},
                                       {"fusions", read_fusions, 0, true}};
    struct fusions f = {.list = NULL};
    fc_yaml_source y;
    char *path = fc_folder_join(dir, FC_FUSIONS_YAML);
    fc_status s = path ? fc_yaml_open(&y, path, err) : fc_fail_nomem(err, strlen(dir) + 1);

    *list = NULL;
    *n = 0;
    if (s == FC_EMISSING) {
        s = (*list = calloc(1, sizeof **list)) ? FC_OK : fc_fail_nomem(err, sizeof **list);
    } else if (!s) {
        s = fc_yaml_map(&y, yaml_document_get_root_node(&y.doc), "file", keys, COUNT(keys), &f);
        fc_yaml_close(&y);
        if (s)
            free_list(f.list, f.n);
        else
            *list = f.list;
        *n = s ? 0 : f.n;
    }
    free(path);
    return s;
}

fc_status fc_fusions_yaml_put(const fc_fusion *f, const char *dir, fc_error *err)
{
    fc_fusion **list;
    const fc_fusion **with;
    size_t n, at = 0;
    fc_status s = fc_fusions_yaml_read(&list, &n, dir, err);

    if (s)
        return s;
    with = calloc(n + 1, sizeof *with);
    if (!with) {
        free_list(list, n);
        return fc_fail_nomem(err, (n + 1) * sizeof *with);
    }
    while (at < n && !fc_fusion_is_of(list[at], f->model[0], f->model[1]))
        at++;
    for (size_t i = 0; i < n; i++)
        with[i] = list[i];
    with[at] = f;
    s = fc_fusions_yaml_write(with, at == n ? n + 1 : n, dir, err);
    free(with);
    free_list(list, n);
    return s;
}
