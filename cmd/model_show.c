/* fc-model list and info. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "models/describe.h"
#include "model.h"
#include "say.h"

static void print_value(const json_t *v)
{
    char number[FC_NUMBER_SIZE];
    size_t i;
    json_t *item;

    if (json_is_array(v)) {
        json_array_foreach(v, i, item)
        {
            fputs(i ? "," : "", stdout);
            print_value(item);
        }
    } else if (json_is_real(v)) {
        fc_text_number(number, json_real_value(v));
        fputs(number, stdout);
    } else if (json_is_integer(v)) {
        printf("%" JSON_INTEGER_FORMAT, json_integer_value(v));
    } else if (json_is_boolean(v)) {
        fputs(json_is_true(v) ? "yes" : "no", stdout);
    } else {
        fc_text_put(stdout, json_string_value(v), json_string_length(v));
    }
}

static void print_tensors(const json_t *list)
{
    size_t i;
    json_t *t;

    json_array_foreach(list, i, t)
    {
        fputs("tensor\t", stdout);
        print_value(json_object_get(t, "name"));
        printf("\t%s\t", json_string_value(json_object_get(t, "dtype")));
        print_value(json_object_get(t, "shape"));
        putchar('\n');
    }
}

/* "KEY TAB VALUE" lines, and a line a tensor. */
static void print_text(json_t *o)
{
    const char *key;
    json_t *v;

    json_object_foreach(o, key, v)
    {
        if (!strcmp(key, "tensors")) {
            print_tensors(v);
            continue;
        }
        fc_text_put(stdout, key, strlen(key));
        putchar('\t');
        print_value(v);
        putchar('\n');
    }
}

static void print_json(const json_t *o)
{
    json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
    putchar('\n');
}

/* What is known of one: its description, and what its file holds. */
static fc_status gather(json_t *o, const model_subject *x, fc_error *err)
{
    json_object_set_new(o, "file", json_string(x->path));
    if (x->model) {
        fc_model_to_json(o, x->model);
        json_object_set_new(o, "installed", json_boolean(fc_model_installed(x->model)));
    }
    if (x->model && !fc_model_installed(x->model))
        return FC_OK;
    return fc_model_file_to_json(o, x->path, x->own ? NULL : x->model, x->own ? x->own->sha256 : NULL, err);
}

/* Of two models as one: what there is beside what is known of each. */
static fc_status gather_two(json_t *o, const fc_models *m, const char *word, fc_error *err)
{
    const fc_model *model[FC_FUSED];
    fc_fusion *f;
    fc_status s = fc_fusion_get(&f, model, m, word, err);

    if (!s)
        fc_fusion_to_json(o, f, model);
    fc_fusion_free(f);
    return s;
}

fc_status model_info(const struct model_args *a, const fc_models *m, char **words, int n, fc_error *err)
{
    fc_status s = FC_OK;

    for (int i = 0; !s && i < n; i++) {
        model_subject x = {0};
        json_t *o = json_object();
        s = o ? FC_OK : fc_fail_nomem(err, sizeof x);
        if (!s && fc_fusion_is_name(words[i]))
            s = gather_two(o, m, words[i], err);
        else if (!s && !(s = model_find(&x, m, words[i], err)))
            s = gather(o, &x, err);
        if (!s && a->format == MODEL_JSON)
            print_json(o);
        else if (!s)
            print_text(o);
        json_decref(o);
        fc_model_free(x.own);
    }
    return s;
}

/* A column's text, and a blank. */
static void print_cell(const char *text, int width)
{
    char *shown = fc_text_escape(text ? text : "-", text ? strlen(text) : 1);

    if (!shown)
        end_without_memory();
    printf("%-*s ", width, shown);
    free(shown);
}

static void list_json(const fc_model *x)
{
    json_t *o = json_object();

    json_object_set_new(o, "file", json_string(x->path));
    fc_model_to_json(o, x);
    json_object_set_new(o, "installed", json_boolean(fc_model_installed(x)));
    print_json(o);
    json_decref(o);
}

static void list_text(const fc_model *x)
{
    char dim[16] = "-";
    const char *file = fc_model_installed(x) ? x->path : x->source.url ? "- (pull)" : "- (missing)";

    if (x->dim)
        snprintf(dim, sizeof dim, "%d", x->dim);
    print_cell(x->name, 24);
    print_cell(x->task, 7);
    print_cell(x->arch, 20);
    printf("%4s ", dim);
    print_cell(x->source.licence, 10);
    fc_text_put(stdout, file, strlen(file));
    putchar('\n');
}

void model_list(const struct model_args *a, const fc_models *m)
{
    if (a->format == MODEL_TEXT)
        printf("%-24s %-7s %-20s %4s %-10s %s\n", "NAME", "TASK", "ARCHITECTURE", "DIM", "LICENCE", "FILE");
    for (size_t i = 0; i < fc_models_count(m); i++)
        if (a->format == MODEL_JSON)
            list_json(fc_models_at(m, i));
        else
            list_text(fc_models_at(m, i));
}
