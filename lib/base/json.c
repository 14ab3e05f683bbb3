#include "base/json.h"

#include <pthread.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

enum { OBJECT = 240, ARRAY = 160, MEMBER = 128, VALUE = 96 };

/* Behind the string whose opening quote is before at. */
static const char *skip_string(const char *at, const char *end)
{
    while (at < end) {
        const char *quote = memchr(at, '"', (size_t)(end - at)), *slash = quote;
        if (!quote)
            return end;
        while (slash > at && slash[-1] == '\\')
            slash--;
        at = quote + 1;
        if ((quote - slash) % 2 == 0)
            return at;
    }
    return end;
}

size_t fc_json_cost(const char *text, size_t n)
{
    const char *at = text, *end = text + n;
    size_t cost = VALUE;

    while (at < end) {
        switch (*at++) {
        case '"':
            at = skip_string(at, end);
            break;
        case '{':
            cost += OBJECT + VALUE;
            break;
        case '[':
            cost += ARRAY + VALUE;
            break;
        case ':':
            cost += MEMBER;
            break;
        case ',':
            cost += VALUE;
            break;
        }
    }
    return fc_add(cost, n, &cost) ? cost : SIZE_MAX;
}

/* jansson takes a text that it had no memory to take whole for the shorter text, and asks again for each of its bytes. So
 * a refusal is kept in mind, and all that is asked for after it is refused at once. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static json_malloc_t take;
static _Thread_local bool reading, refused;

static void *take_or_refuse(size_t n)
{
    void *p = reading && refused ? NULL : take(n);

    refused = refused || !p;
    return p;
}

static void watch(void)
{
    json_free_t give;

    json_get_alloc_funcs(&take, &give);
    json_set_alloc_funcs(take_or_refuse, give);
}

fc_status fc_json_read(json_t **out, const char *text, size_t n, size_t flags, size_t memory,
                       json_error_t *why, fc_error *err)
{
    json_error_t own;

    why = why ? why : &own;
    *out = NULL;
    if (fc_json_cost(text, n) > memory)
        return fc_fail(err, FC_ELIMIT, "more values than fit into %zu MiB of memory", memory >> 20);
    pthread_once(&once, watch);
    reading = true;
    refused = false;
    json_t *o = json_loadb(text, n, flags, why);
    reading = false;
    if (refused) {
        json_decref(o);
        return fc_fail_nomem(err, n);
    }
    *out = o;
    return o ? FC_OK : fc_fail(err, FC_EFORMAT, "%s", why->text);
}

const char *fc_json_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}
