#include "pipeline/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/text.h"

struct text {
    char *data; /* owned */
    size_t n, cap;
    bool too_long;
};

/* jansson's callback: 0, or -1 when it does not fit. */
static int text_add(const char *s, size_t n, void *arg)
{
    struct text *t = arg;

    if (n > FC_RECORD_MAX_LINE - t->n) {
        t->too_long = true;
        return -1;
    }
    if (n > t->cap - t->n && fc_grow(&t->data, t->n + n + (t->n ? 0 : 512), &t->cap, 1, NULL))
        return -1;
    memcpy(t->data + t->n, s, n);
    t->n += n;
    return 0;
}

static int add_leaf(struct text *t, const json_t *v)
{
    return json_dump_callback(v, text_add, t, JSON_ENCODE_ANY);
}

static int add_key(struct text *t, const char *key, size_t n)
{
    json_t *s = json_stringn_nocheck(key, n);
    int bad = !s || add_leaf(t, s) || text_add(":", 1, t);

    json_decref(s);
    return bad;
}

/* Walks the tree itself because jansson's JSON_REAL_PRECISION is one number for all. Depth is bounded by what
 * the parser accepts (JSON_PARSER_MAX_DEPTH). */
static int add_json(struct text *t, const json_t *v)
{
    char number[FC_NUMBER_SIZE];
    bool first = true;

    if (json_is_real(v)) {
        fc_text_number(number, json_real_value(v));
        return text_add(number, strlen(number), t);
    }
    if (json_is_object(v)) {
        const char *key;
        size_t n;
        json_t *e;
        if (text_add("{", 1, t))
            return -1;
        json_object_keylen_foreach((json_t *)v, key, n, e)
        {
            if ((!first && text_add(",", 1, t)) || add_key(t, key, n) || add_json(t, e))
                return -1;
            first = false;
        }
        return text_add("}", 1, t);
    }
    if (json_is_array(v)) {
        size_t i;
        json_t *e;
        if (text_add("[", 1, t))
            return -1;
        json_array_foreach(v, i, e)
        {
            if ((i && text_add(",", 1, t)) || add_json(t, e))
                return -1;
        }
        return text_add("]", 1, t);
    }
    return add_leaf(t, v);
}

fc_status fc_record_text(const fc_record *r, char **text, size_t *n, fc_error *err)
{
    struct text t = {0};

    *text = NULL;
    *n = 0;
    if (add_json(&t, r->json) || text_add("\n", 2, &t)) { /* with its NUL */
        free(t.data);
        if (t.too_long)
            return fc_fail(err, FC_ELIMIT, "a record of more than %u bytes", FC_RECORD_MAX_LINE);
        return fc_fail_nomem(err, t.n + 1);
    }
    *text = t.data;
    *n = t.n - 1;
    return FC_OK;
}

fc_status fc_record_write(const fc_record *r, FILE *f, fc_error *err)
{
    char *text;
    size_t n;
    fc_status s = fc_record_text(r, &text, &n, err);

    if (s)
        return s;
    if (fwrite(text, 1, n, f) != n)
        s = fc_fail_errno(err, "output");
    free(text);
    return s;
}
