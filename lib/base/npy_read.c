#include "base/npy_read.h"

#include <string.h>

#include "base/error.h"
#include "base/size.h"

static const char magic[] = "\x93NUMPY";
enum { MAGIC = sizeof magic - 1, MAX_HEADER = 65536, MAX_DIMENSIONS = 8 };

bool fc_npy_is(const uint8_t *bytes, size_t n)
{
    return n >= MAGIC && !memcmp(bytes, magic, MAGIC);
}

/* ---- the header, a dictionary as Python writes it ---- */

struct header {
    const char *at, *end;
    char type[16]; /* "<f4" */
    bool objects;  /* the type is none of one word */
    bool fortran;
    size_t dimension[MAX_DIMENSIONS];
    size_t ndimensions;
    unsigned seen; /* a bit for each key */
};

static void skip_blanks(struct header *h)
{
    while (h->at < h->end && strchr(" \t\r\n", *h->at) && *h->at)
        h->at++;
}

static bool take(struct header *h, char c)
{
    skip_blanks(h);
    if (h->at == h->end || *h->at != c)
        return false;
    h->at++;
    return true;
}

static bool take_word(struct header *h, const char *word)
{
    const size_t n = strlen(word);

    skip_blanks(h);
    if ((size_t)(h->end - h->at) < n || memcmp(h->at, word, n))
        return false;
    h->at += n;
    return true;
}

/* 'text' or "text". */
static bool take_text(struct header *h, char *out, size_t size)
{
    skip_blanks(h);
    const char quote = h->at < h->end ? *h->at : 0;
    const char *from = h->at + 1;
    if (quote != '\'' && quote != '"')
        return false;
    const char *to = memchr(from, quote, (size_t)(h->end - from));
    if (!to || (size_t)(to - from) >= size || memchr(from, '\\', (size_t)(to - from)))
        return false;
    memcpy(out, from, (size_t)(to - from));
    out[to - from] = '\0';
    h->at = to + 1;
    return true;
}

static bool take_size(struct header *h, size_t *out)
{
    const char *from;

    skip_blanks(h);
    from = h->at;
    *out = 0;
    for (; h->at < h->end && *h->at >= '0' && *h->at <= '9'; h->at++)
        if (!fc_mul(*out, 10, out) || !fc_add(*out, (size_t)(*h->at - '0'), out))
            return false;
    if (h->at > from && h->at < h->end && *h->at == 'L') /* Python 2's */
        h->at++;
    return h->at > from;
}

static bool take_shape(struct header *h)
{
    bool more = true;

    if (!take(h, '('))
        return false;
    while (more && !take(h, ')')) {
        if (h->ndimensions == MAX_DIMENSIONS || !take_size(h, &h->dimension[h->ndimensions++]))
            return false;
        more = take(h, ',');
        if (!more && !take(h, ')'))
            return false;
    }
    return true;
}

/* A list of fields, up to its last bracket. */
static bool take_fields(struct header *h)
{
    size_t depth = 0;

    skip_blanks(h);
    for (; h->at < h->end; h->at++) {
        depth += *h->at == '[' || *h->at == '(';
        if ((*h->at == ']' || *h->at == ')') && --depth == 0) {
            h->at++;
            return h->objects = true;
        }
        if (!depth)
            return false;
    }
    return false;
}

static bool take_pair(struct header *h)
{
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    char key[32];
    unsigned which = 0;

    if (!take_text(h, key, sizeof key) || !take(h, ':'))
        return false;
    while (which < 3 && strcmp(key, keys[which]))
        which++;
    if (which == 3 || h->seen & 1u << which)
        return false;
    h->seen |= 1u << which;
    if (which == 0)
        return take_text(h, h->type, sizeof h->type) || take_fields(h);
    if (which == 2)
        return take_shape(h);
    h->fortran = take_word(h, "True");
    return h->fortran || take_word(h, "False");
}

static bool take_all(struct header *h)
{
    bool more = true;

    if (!take(h, '{'))
        return false;
    while (more && !take(h, '}')) {
        if (!take_pair(h))
            return false;
        more = take(h, ',');
        if (!more && !take(h, '}'))
            return false;
    }
    skip_blanks(h);
    return h->at == h->end && h->seen == 7;
}

/* ---- the array ---- */

/* Where the header begins, and how long it is. */
static bool find_header(struct header *h, const uint8_t *bytes, size_t n)
{
    const size_t wide = n > MAGIC && bytes[MAGIC] > 1 ? 4 : 2, from = MAGIC + 2 + wide;
    size_t length = 0;

    if (n < from || bytes[MAGIC] < 1 || bytes[MAGIC] > 3)
        return false;
    for (size_t i = wide; i-- > 0;)
        length = length << 8 | bytes[MAGIC + 2 + i];
    if (length > MAX_HEADER || length > n - from)
        return false;
    *h = (struct header){.at = (const char *)bytes + from, .end = (const char *)bytes + from + length};
    return true;
}

static fc_status check_type(fc_npy_table *out, const struct header *h, const char *name, fc_error *err)
{
    const bool four = !strcmp(h->type + 1, "f4");

    if (h->objects || strchr(h->type, 'O'))
        return fc_fail(
            err, FC_EUNSUPPORTED,
            "%s: an array of Python objects or records, which only Python may load; want numbers, float32 or "
            "float64",
            name);
    if (!strchr("<>", h->type[0]) || !h->type[0] || (!four && strcmp(h->type + 1, "f8")))
        return fc_fail(err, FC_EUNSUPPORTED, "%s: an array of '%s'; want float32 or float64", name, h->type);
    out->size = four ? 4 : 8;
    out->big = h->type[0] == '>';
    return FC_OK;
}

fc_status fc_npy_parse(fc_npy_table *out, const uint8_t *bytes, size_t n, const char *name, fc_error *err)
{
    struct header h;
    size_t want;

    *out = (fc_npy_table){.rows = 1};
    if (!fc_npy_is(bytes, n) || !find_header(&h, bytes, n) || !take_all(&h))
        return fc_fail(err, FC_EFORMAT, "%s: no array of NumPy's, or a damaged one", name);
    const fc_status s = check_type(out, &h, name, err);
    if (s)
        return s;
    if (h.ndimensions < 1 || h.ndimensions > 2)
        return fc_fail(err, FC_EUNSUPPORTED, "%s: an array of %zu dimensions; want rows of numbers", name,
                       h.ndimensions);
    if (h.ndimensions == 2)
        out->rows = h.dimension[0];
    out->columns = h.dimension[h.ndimensions - 1];
    out->fortran = h.fortran;
    out->data = (const uint8_t *)h.end;
    const size_t have = n - (size_t)(out->data - bytes);
    if (!fc_mul(out->rows, out->columns, &want) || !fc_mul(want, out->size, &want) || want != have)
        return fc_fail(err, FC_EFORMAT, "%s: %zu x %zu numbers of %zu bytes are told, %zu bytes are there",
                       name, out->rows, out->columns, out->size, have);
    return FC_OK;
}

double fc_npy_number(const fc_npy_table *t, size_t row, size_t column)
{
    const size_t at = t->fortran ? column * t->rows + row : row * t->columns + column;
    const uint8_t *p = t->data + at * t->size;
    uint64_t bits = 0;
    double wide;
    float narrow;

    for (size_t i = 0; i < t->size; i++)
        bits |= (uint64_t)p[t->big ? t->size - 1 - i : i] << 8 * i;
    if (t->size == 8) {
        memcpy(&wide, &bits, sizeof wide);
        return wide;
    }
    const uint32_t half = (uint32_t)bits;
    memcpy(&narrow, &half, sizeof narrow);
    return (double)narrow;
}
