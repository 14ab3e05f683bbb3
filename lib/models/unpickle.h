/*
 * Python's pickles, read without running anything: values come out as data, a call of a global that the
 * caller allows comes out as that global and its arguments, and every other global is refused by its name.
 */
#ifndef FC_MODELS_UNPICKLE_H
#define FC_MODELS_UNPICKLE_H
#include "facecheck.h"

typedef enum fc_pickle_kind {
    FC_PICKLE_NONE,
    FC_PICKLE_BOOL,
    FC_PICKLE_INT,
    FC_PICKLE_BIG,   /* an integer of more than 64 bits */
    FC_PICKLE_FLOAT, /* its value is not kept */
    FC_PICKLE_TEXT,
    FC_PICKLE_TUPLE,
    FC_PICKLE_LIST,
    FC_PICKLE_DICT,      /* also of collections.OrderedDict */
    FC_PICKLE_GLOBAL,    /* an allowed one */
    FC_PICKLE_CALL,      /* items: the global, the tuple of arguments */
    FC_PICKLE_PERSISTENT /* item: what identifies an object outside the pickle */
} fc_pickle_kind;

typedef struct fc_pickle_value {
    fc_pickle_kind kind;
    int64_t number; /* BOOL, INT; GLOBAL: index in the list of allowed ones */
    const char
        *text; /* TEXT, BIG (little-endian, two's complement): n bytes of the pickle, no NUL behind them */
    uint32_t *item; /* n items; of a DICT, key and value by turns */
    size_t n, cap;
} fc_pickle_value;

typedef struct fc_pickle {
    fc_pickle_value *value;
    size_t n, cap;
    uint32_t root;
} fc_pickle;

#define FC_PICKLE_MAX_BYTES  ((size_t)16 << 20)
#define FC_PICKLE_MAX_VALUES 1000000

/* Reads the pickle at the beginning of bytes; *used is its length. allowed: "module.name", NULL-terminated;
 * collections.OrderedDict always is. Texts point into bytes. Values may hold themselves. */
fc_status fc_pickle_load(fc_pickle *out, const uint8_t *bytes, size_t n, size_t *used,
                         const char *const *allowed, const char *name, fc_error *err);
void fc_pickle_clear(fc_pickle *p);
const fc_pickle_value *fc_pickle_root(const fc_pickle *p);
/* The i-th item of v, i < v->n. */
const fc_pickle_value *fc_pickle_item(const fc_pickle *p, const fc_pickle_value *v, size_t i);
/* Is v this text? */
bool fc_pickle_is(const fc_pickle_value *v, const char *text);

#endif
