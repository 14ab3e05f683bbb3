#include "models/unpickle.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"

/* Opcodes, as Python's pickletools names them. */
enum {
    MARK = '(',
    STOP = '.',
    NONE = 'N',
    NEWTRUE = 0x88,
    NEWFALSE = 0x89,
    BININT = 'J',
    BININT1 = 'K',
    BININT2 = 'M',
    LONG1 = 0x8a,
    BINFLOAT = 'G',
    BINUNICODE = 'X',
    SHORT_BINUNICODE = 0x8c,
    BINSTRING = 'T',
    SHORT_BINSTRING = 'U',
    EMPTY_TUPLE = ')',
    TUPLE = 't',
    TUPLE1 = 0x85,
    TUPLE2 = 0x86,
    TUPLE3 = 0x87,
    EMPTY_LIST = ']',
    APPEND = 'a',
    APPENDS = 'e',
    EMPTY_DICT = '}',
    SETITEM = 's',
    SETITEMS = 'u',
    GLOBAL = 'c',
    STACK_GLOBAL = 0x93,
    REDUCE = 'R',
    BUILD = 'b',
    BINPERSID = 'Q',
    BINPUT = 'q',
    LONG_BINPUT = 'r',
    MEMOIZE = 0x94,
    BINGET = 'h',
    LONG_BINGET = 'j',
    PROTO = 0x80,
    FRAME = 0x95
};

#define ON_STACK_MARK UINT32_MAX /* instead of a value */

typedef struct ids {
    uint32_t *id;
    size_t n, cap;
} ids;

typedef struct machine {
    fc_pickle *p;
    const uint8_t *bytes;
    size_t n, at;
    size_t items;    /* of all values */
    ids stack, memo; /* memo: UINT32_MAX where nothing was put */
    const char *const *allowed;
    const char *name;
    fc_error *err;
} machine;

static fc_status broken(machine *m, const char *what)
{
    return fc_fail(m->err, FC_ECORRUPT, "%s: bad pickle: %s (byte %zu)", m->name, what, m->at);
}

/* ---- bytes ------------------------------------------------------------------------------------------ */

static fc_status take(machine *m, size_t n, const uint8_t **out)
{
    *out = NULL;
    if (n > m->n - m->at)
        return fc_fail(m->err, FC_ETRUNCATED, "%s: ends inside a pickle", m->name);
    *out = m->bytes + m->at;
    m->at += n;
    return FC_OK;
}

/* A little-endian number of up to 4 bytes. */
static fc_status take_size(machine *m, size_t n, uint32_t *out)
{
    const uint8_t *b;
    fc_status s = take(m, n, &b);
    *out = 0;
    for (size_t i = 0; !s && i < n; i++)
        *out |= (uint32_t)b[i] << 8 * i;
    return s;
}

static fc_status take_line(machine *m, const char **text, size_t *n)
{
    const uint8_t *b = m->bytes + m->at, *end = memchr(b, '\n', m->n - m->at);
    *text = NULL;
    *n = 0;
    if (!end)
        return fc_fail(m->err, FC_ETRUNCATED, "%s: ends inside a pickle", m->name);
    *text = (const char *)b;
    *n = (size_t)(end - b);
    m->at += *n + 1;
    return FC_OK;
}

/* ---- stack, memo, values ---------------------------------------------------------------------------- */

static fc_status ids_push(machine *m, ids *v, uint32_t id)
{
    fc_status s = fc_grow(&v->id, v->n + 1, &v->cap, sizeof *v->id, m->err);

    if (!s)
        v->id[v->n++] = id;
    return s;
}

static fc_status push(machine *m, uint32_t id)
{
    if (m->stack.n >= FC_PICKLE_MAX_VALUES)
        return fc_fail(m->err, FC_ELIMIT, "%s: a pickle of more than %d values", m->name,
                       FC_PICKLE_MAX_VALUES);
    return ids_push(m, &m->stack, id);
}

static fc_status pop(machine *m, uint32_t *id)
{
    *id = 0;
    if (m->stack.n == 0 || m->stack.id[m->stack.n - 1] == ON_STACK_MARK)
        return broken(m, "a value is missing on the stack");
    *id = m->stack.id[--m->stack.n];
    return FC_OK;
}

/* Where the values above the topmost mark begin. */
static fc_status mark(machine *m, size_t *first)
{
    size_t i = m->stack.n;
    while (i > 0 && m->stack.id[i - 1] != ON_STACK_MARK)
        i--;
    *first = i;
    return i ? FC_OK : broken(m, "a mark is missing on the stack");
}

/* Makes a value and pushes it; the pointer is good until the next one is made. */
static fc_status make(machine *m, fc_pickle_kind kind, fc_pickle_value **out)
{
    fc_pickle *p = m->p;

    *out = NULL;
    if (p->n >= FC_PICKLE_MAX_VALUES)
        return fc_fail(m->err, FC_ELIMIT, "%s: a pickle of more than %d values", m->name,
                       FC_PICKLE_MAX_VALUES);
    fc_status s = fc_grow(&p->value, p->n + 1, &p->cap, sizeof *p->value, m->err);
    if (s)
        return s;
    p->value[p->n] = (fc_pickle_value){.kind = kind};
    *out = &p->value[p->n];
    return push(m, (uint32_t)p->n++);
}

static fc_status make_number(machine *m, fc_pickle_kind kind, int64_t number)
{
    fc_pickle_value *v;
    fc_status s = make(m, kind, &v);
    if (!s)
        v->number = number;
    return s;
}

static fc_status make_text(machine *m, size_t n)
{
    const uint8_t *b;
    fc_pickle_value *v;
    fc_status s = take(m, n, &b);
    if (!s)
        s = make(m, FC_PICKLE_TEXT, &v);
    if (s)
        return s;
    v->text = (const char *)b;
    v->n = n;
    return FC_OK;
}

static fc_status add_items(machine *m, fc_pickle_value *v, const uint32_t *id, size_t n)
{
    if (n > 4 * (size_t)FC_PICKLE_MAX_VALUES - m->items)
        return fc_fail(m->err, FC_ELIMIT, "%s: a pickle of more than %d items", m->name,
                       4 * FC_PICKLE_MAX_VALUES);
    m->items += n;
    fc_status s = fc_grow(&v->item, v->n + n, &v->cap, sizeof *v->item, m->err);
    if (s)
        return s;
    if (n)
        memcpy(v->item + v->n, id, n * sizeof *id);
    v->n += n;
    return FC_OK;
}

/* ---- opcodes ---------------------------------------------------------------------------------------- */

static fc_status do_long(machine *m)
{
    uint32_t n;
    const uint8_t *b;
    fc_pickle_value *v;
    uint64_t number = 0;
    fc_status s = take_size(m, 1, &n);
    if (!s)
        s = take(m, n, &b);
    if (s)
        return s;
    if (n > 8) {
        s = make(m, FC_PICKLE_BIG, &v);
        if (s)
            return s;
        v->text = (const char *)b;
        v->n = n;
        return FC_OK;
    }
    for (uint32_t i = 0; i < 8; i++) /* sign-extended */
        number |= (uint64_t)(i < n ? b[i] : n && b[n - 1] & 0x80 ? 0xff : 0) << 8 * i;
    return make_number(m, FC_PICKLE_INT, (int64_t)number);
}

/* The values from first on become a tuple, and with_mark the mark below them goes too. */
static fc_status do_tuple(machine *m, size_t first, bool with_mark)
{
    fc_pickle_value *v;
    size_t n = m->stack.n - first;
    fc_status s = make(m, FC_PICKLE_TUPLE, &v);
    if (!s)
        s = add_items(m, v, m->stack.id + first, n);
    if (s)
        return s;
    size_t to = first - with_mark;
    m->stack.id[to] = m->stack.id[m->stack.n - 1];
    m->stack.n = to + 1;
    return FC_OK;
}

static fc_status do_short_tuple(machine *m, size_t n)
{
    if (m->stack.n < n)
        return broken(m, "a value is missing on the stack");
    for (size_t i = m->stack.n - n; i < m->stack.n; i++)
        if (m->stack.id[i] == ON_STACK_MARK)
            return broken(m, "a value is missing on the stack");
    return do_tuple(m, m->stack.n - n, false);
}

/* The values from first on go into the list or dictionary that lies below them and, with_mark, their mark. */
static fc_status do_add(machine *m, fc_pickle_kind kind, size_t first, bool with_mark)
{
    size_t n = m->stack.n - first;
    if (first < 1 + (size_t)with_mark || m->stack.id[first - 1 - with_mark] == ON_STACK_MARK)
        return broken(m, "nothing to add items to");
    fc_pickle_value *v = &m->p->value[m->stack.id[first - 1 - with_mark]];
    if (v->kind != kind || (kind == FC_PICKLE_DICT && n % 2))
        return broken(m, "items that do not fit what they are added to");
    m->stack.n = first - with_mark;
    return add_items(m, v, m->stack.id + first, n);
}

static fc_status do_add_few(machine *m, fc_pickle_kind kind, size_t n)
{
    if (m->stack.n < n)
        return broken(m, "a value is missing on the stack");
    for (size_t i = m->stack.n - n; i < m->stack.n; i++)
        if (m->stack.id[i] == ON_STACK_MARK)
            return broken(m, "a value is missing on the stack");
    return do_add(m, kind, m->stack.n - n, false);
}

#define ORDERED_DICT (-1) /* as the number of a global; others are indices in the list of allowed ones */

static bool names(const char *full, const char *module, size_t nmodule, const char *name, size_t nname)
{
    return strlen(full) == nmodule + 1 + nname && memcmp(full, module, nmodule) == 0 &&
           full[nmodule] == '.' && memcmp(full + nmodule + 1, name, nname) == 0;
}

static fc_status make_global(machine *m, const char *module, size_t nmodule, const char *name, size_t nname)
{
    if (names("collections.OrderedDict", module, nmodule, name, nname))
        return make_number(m, FC_PICKLE_GLOBAL, ORDERED_DICT);
    for (size_t i = 0; m->allowed[i]; i++)
        if (names(m->allowed[i], module, nmodule, name, nname))
            return make_number(m, FC_PICKLE_GLOBAL, (int64_t)i);
    return fc_fail(
        m->err, FC_EUNSUPPORTED,
        "%s: its pickle asks for the global '%.*s.%.*s', which is not one of a state dict's; refused, "
        "nothing was run",
        m->name, (int)(nmodule < 100 ? nmodule : 100), module, (int)(nname < 100 ? nname : 100), name);
}

static fc_status do_global(machine *m)
{
    const char *module, *name;
    size_t nmodule, nname;
    fc_status s = take_line(m, &module, &nmodule);
    if (!s)
        s = take_line(m, &name, &nname);
    return s ? s : make_global(m, module, nmodule, name, nname);
}

static fc_status do_stack_global(machine *m)
{
    uint32_t module, name;
    fc_status s = pop(m, &name);
    if (!s)
        s = pop(m, &module);
    if (s)
        return s;
    const fc_pickle_value *a = &m->p->value[module], *b = &m->p->value[name];
    if (a->kind != FC_PICKLE_TEXT || b->kind != FC_PICKLE_TEXT)
        return broken(m, "a global without a name");
    return make_global(m, a->text, a->n, b->text, b->n);
}

/* OrderedDict(), or OrderedDict([[key, value], ...]) as Python 2 wrote it. */
static fc_status ordered_dict(machine *m, uint32_t args)
{
    fc_pickle_value *d, *v = &m->p->value[args];
    const fc_pickle_value *list = v->n ? &m->p->value[v->item[0]] : NULL;
    size_t pairs = list ? list->n : 0;

    if (v->n > 1 || (list && list->kind != FC_PICKLE_LIST))
        return broken(m, "arguments that OrderedDict does not take");
    fc_status s = make(m, FC_PICKLE_DICT, &d);
    if (s || !list)
        return s;
    list = &m->p->value[m->p->value[args].item[0]]; /* make() may have moved it */
    for (size_t i = 0; i < pairs && !s; i++) {
        const fc_pickle_value *pair = &m->p->value[list->item[i]];
        if ((pair->kind != FC_PICKLE_LIST && pair->kind != FC_PICKLE_TUPLE) || pair->n != 2)
            return broken(m, "arguments that OrderedDict does not take");
        s = add_items(m, d, pair->item, 2);
    }
    return s;
}

static fc_status do_reduce(machine *m)
{
    uint32_t id[2];
    fc_pickle_value *v;
    fc_status s = pop(m, &id[1]);
    if (!s)
        s = pop(m, &id[0]);
    if (s)
        return s;
    if (m->p->value[id[0]].kind != FC_PICKLE_GLOBAL || m->p->value[id[1]].kind != FC_PICKLE_TUPLE)
        return broken(m, "a call of what is not a global");
    if (m->p->value[id[0]].number == ORDERED_DICT)
        return ordered_dict(m, id[1]);
    s = make(m, FC_PICKLE_CALL, &v);
    return s ? s : add_items(m, v, id, 2);
}

/* Attributes of an object (a state dict's _metadata): dropped. */
static fc_status do_build(machine *m)
{
    uint32_t state, object;
    fc_status s = pop(m, &state);
    if (!s)
        s = pop(m, &object);
    if (s)
        return s;
    if (m->p->value[object].kind != FC_PICKLE_DICT && m->p->value[object].kind != FC_PICKLE_CALL)
        return broken(m, "attributes for what has none");
    return push(m, object);
}

static fc_status do_persistent(machine *m)
{
    uint32_t id;
    fc_pickle_value *v;
    fc_status s = pop(m, &id);
    if (!s)
        s = make(m, FC_PICKLE_PERSISTENT, &v);
    return s ? s : add_items(m, v, &id, 1);
}

static fc_status do_put(machine *m, size_t index)
{
    fc_status s = FC_OK;

    if (m->stack.n == 0 || m->stack.id[m->stack.n - 1] == ON_STACK_MARK)
        return broken(m, "nothing to remember");
    if (index >= FC_PICKLE_MAX_VALUES)
        return fc_fail(m->err, FC_ELIMIT, "%s: a pickle of more than %d values", m->name,
                       FC_PICKLE_MAX_VALUES);
    while (m->memo.n <= index && !s)
        s = ids_push(m, &m->memo, UINT32_MAX);
    if (!s)
        m->memo.id[index] = m->stack.id[m->stack.n - 1];
    return s;
}

static fc_status do_get(machine *m, size_t index)
{
    if (index >= m->memo.n || m->memo.id[index] == UINT32_MAX)
        return broken(m, "what it remembers was never put");
    return push(m, m->memo.id[index]);
}

static fc_status do_one(machine *m, uint8_t op)
{
    const uint8_t *skipped;
    fc_pickle_value *v;
    uint32_t u;
    size_t first;
    fc_status s;

    switch (op) {
    case PROTO:
        return take(m, 1, &skipped);
    case FRAME:
        return take(m, 8, &skipped);
    case MARK:
        return push(m, ON_STACK_MARK);
    case NONE:
        return make(m, FC_PICKLE_NONE, &v);
    case NEWTRUE:
    case NEWFALSE:
        return make_number(m, FC_PICKLE_BOOL, op == NEWTRUE);
    case BININT:
        s = take_size(m, 4, &u);
        return s ? s : make_number(m, FC_PICKLE_INT, (int32_t)u);
    case BININT1:
    case BININT2:
        s = take_size(m, op == BININT1 ? 1 : 2, &u);
        return s ? s : make_number(m, FC_PICKLE_INT, u);
    case LONG1:
        return do_long(m);
    case BINFLOAT:
        s = take(m, 8, &skipped);
        return s ? s : make(m, FC_PICKLE_FLOAT, &v);
    case BINUNICODE:
    case BINSTRING:
    case SHORT_BINUNICODE:
    case SHORT_BINSTRING:
        s = take_size(m, op == BINUNICODE || op == BINSTRING ? 4 : 1, &u);
        return s ? s : make_text(m, u);
    case EMPTY_TUPLE:
        return make(m, FC_PICKLE_TUPLE, &v);
    case TUPLE:
        s = mark(m, &first);
        return s ? s : do_tuple(m, first, true);
    case TUPLE1:
    case TUPLE2:
    case TUPLE3:
        return do_short_tuple(m, 1u + op - TUPLE1);
    case EMPTY_LIST:
        return make(m, FC_PICKLE_LIST, &v);
    case APPEND:
        return do_add_few(m, FC_PICKLE_LIST, 1);
    case EMPTY_DICT:
        return make(m, FC_PICKLE_DICT, &v);
    case SETITEM:
        return do_add_few(m, FC_PICKLE_DICT, 2);
    case APPENDS:
    case SETITEMS:
        s = mark(m, &first);
        return s ? s : do_add(m, op == APPENDS ? FC_PICKLE_LIST : FC_PICKLE_DICT, first, true);
    case GLOBAL:
        return do_global(m);
    case STACK_GLOBAL:
        return do_stack_global(m);
    case REDUCE:
        return do_reduce(m);
    case BUILD:
        return do_build(m);
    case BINPERSID:
        return do_persistent(m);
    case BINPUT:
    case LONG_BINPUT:
        s = take_size(m, op == BINPUT ? 1 : 4, &u);
        return s ? s : do_put(m, u);
    case MEMOIZE:
        return do_put(m, m->memo.n);
    case BINGET:
    case LONG_BINGET:
        s = take_size(m, op == BINGET ? 1 : 4, &u);
        return s ? s : do_get(m, u);
    default:
        return fc_fail(m->err, FC_EUNSUPPORTED,
                       "%s: its pickle has the opcode 0x%02x, which a state dict does not need; refused",
                       m->name, op);
    }
}

/* ---- the whole -------------------------------------------------------------------------------------- */

fc_status fc_pickle_load(fc_pickle *out, const uint8_t *bytes, size_t n, size_t *used,
                         const char *const *allowed, const char *name, fc_error *err)
{
    size_t limit = n < FC_PICKLE_MAX_BYTES ? n : FC_PICKLE_MAX_BYTES;
    machine m = {.p = out, .bytes = bytes, .n = limit, .allowed = allowed, .name = name, .err = err};
    const uint8_t *op;
    fc_status s;

    *out = (fc_pickle){0};
    while (!(s = take(&m, 1, &op)) && *op != STOP && !(s = do_one(&m, *op)))
        ;
    if (s == FC_ETRUNCATED && limit < n)
        s = fc_fail(err, FC_ELIMIT, "%s: a pickle of more than %zu bytes", name, limit);
    if (!s)
        s = pop(&m, &out->root);
    *used = m.at;
    free(m.stack.id);
    free(m.memo.id);
    if (s)
        fc_pickle_clear(out);
    return s;
}

void fc_pickle_clear(fc_pickle *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->value[i].item);
    free(p->value);
    *p = (fc_pickle){0};
}

const fc_pickle_value *fc_pickle_root(const fc_pickle *p)
{
    return &p->value[p->root];
}

const fc_pickle_value *fc_pickle_item(const fc_pickle *p, const fc_pickle_value *v, size_t i)
{
    return &p->value[v->item[i]];
}

bool fc_pickle_is(const fc_pickle_value *v, const char *text)
{
    return v->kind == FC_PICKLE_TEXT && v->n == strlen(text) && memcmp(v->text, text, v->n) == 0;
}
