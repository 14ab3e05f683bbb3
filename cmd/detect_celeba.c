#include "detect_celeba.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/grow.h"
#include "base/outputs.h"
#include "pipeline/record.h"
#include "say.h"

#define MAX_IDENTITIES ((uint64_t)1 << 28) /* bytes; CelebA's 202,599 lines have 3.3 million */

/* A line of the identities: a picture's name, and whose it is. */
typedef struct identity {
    const char *name, *id; /* in the file's bytes */
} identity;

/* A picture with a face. */
typedef struct found {
    char *name;     /* owned */
    const char *id; /* NULL: not known */
} found;

struct celeba {
    fc_atomic_file cropped;
    char *multiple;     /* the other file's path; NULL: none */
    fc_bytes text;      /* of the identities */
    identity *identity; /* [nidentity], by name */
    size_t nidentity, identity_cap;
    found *found; /* [n], as they came */
    size_t n, cap;
    size_t faceless, strangers;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const identity *)a)->name, ((const identity *)b)->name);
}

static fc_status parse_line(celeba *c, char *line, const char *path, size_t number, fc_error *err)
{
    static const char blanks[] = " \t\r";
    char *rest = NULL, *name = strtok_r(line, blanks, &rest),
         *id = name ? strtok_r(NULL, blanks, &rest) : NULL;
    fc_status s;

    if (!name)
        return FC_OK;
    if (!id || strtok_r(NULL, blanks, &rest))
        return fc_fail(err, FC_EDATA, "%s:%zu: want a picture's name and a number, as in CelebA's identities",
                       path, number);
    s = fc_grow(&c->identity, c->nidentity + 1, &c->identity_cap, sizeof *c->identity, err);
    if (!s)
        c->identity[c->nidentity++] = (identity){.name = name, .id = id};
    return s;
}

static fc_status read_identities(celeba *c, const char *path, fc_error *err)
{
    fc_status s = fc_bytes_read_named(&c->text, path, MAX_IDENTITIES, err);
    size_t number = 1;

    if (s)
        return s;
    uint8_t *all = realloc(c->text.data, c->text.n + 1);
    if (!all)
        return fc_fail_nomem(err, c->text.n + 1);
    c->text.data = all;
    all[c->text.n] = '\0';
    if (memchr(all, '\0', c->text.n))
        return fc_fail(err, FC_EDATA, "%s: has NULs, and is no list of identities", path);
    for (char *line = (char *)all, *end; !s && line; line = end, number++) {
        end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        s = parse_line(c, line, path, number, err);
    }
    if (s)
        return s;
    if (!c->nidentity)
        return fc_fail(err, FC_EEMPTY, "%s: has no identities", path);
    qsort(c->identity, c->nidentity, sizeof *c->identity, by_name);
    for (size_t i = 1; i < c->nidentity; i++)
        if (!by_name(&c->identity[i - 1], &c->identity[i]) &&
            strcmp(c->identity[i - 1].id, c->identity[i].id))
            return fc_fail(err, FC_EDATA, "%s: %s is of %s and of %s", path, c->identity[i].name,
                           c->identity[i - 1].id, c->identity[i].id);
    return FC_OK;
}

static fc_status begin(celeba *c, const char *dir, const char *identities, fc_error *err)
{
    char *path = fc_folder_join(dir, "cropped.csv");
    fc_status s = path ? fc_outputs_add(path, err) : fc_fail_nomem(err, 0);

    if (!s && identities) {
        c->multiple = fc_folder_join(dir, "id_multiple.csv");
        s = c->multiple ? fc_outputs_add(c->multiple, err) : fc_fail_nomem(err, 0);
        if (!s)
            s = read_identities(c, identities, err);
    }
    if (!s)
        s = fc_atomic_open(&c->cropped, path, err);
    if (!s)
        fputs("image_id,x_1,y_1,width,height\n", c->cropped.f);
    free(path);
    return s;
}

fc_status celeba_open(celeba **out, const char *dir, const char *identities, fc_error *err)
{
    celeba *c = calloc(1, sizeof *c);
    fc_status s;

    *out = NULL;
    if (!c)
        return fc_fail_nomem(err, sizeof *c);
    s = fc_make_folder(dir, 0777, err);
    if (!s)
        s = begin(c, dir, identities, err);
    if (s)
        celeba_free(c);
    else
        *out = c;
    return s;
}

/* RFC 4180's. */
static void put_field(FILE *f, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, f);
        return;
    }
    putc('"', f);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', f);
        putc(*text, f);
    }
    putc('"', f);
}

/* Keeps the picture's name, which is its file's without the folder; takes path. */
static fc_status keep(celeba *c, char *path, fc_error *err)
{
    const char *slash = strrchr(path, '/');
    fc_status s = fc_grow(&c->found, c->n + 1, &c->cap, sizeof *c->found, err);

    if (s) {
        free(path);
        return s;
    }
    if (slash)
        memmove(path, slash + 1, strlen(slash + 1) + 1);
    const identity *known = c->nidentity ? bsearch(&(identity){.name = path}, c->identity, c->nidentity,
                                                   sizeof *c->identity, by_name)
                                         : NULL;
    c->found[c->n++] = (found){.name = path, .id = known ? known->id : NULL};
    c->strangers += c->nidentity && !known;
    return FC_OK;
}

fc_status celeba_put(celeba *c, const fc_item *it, fc_error *err)
{
    char *path;
    fc_face f;
    fc_status s;

    if (it->failed || it->away)
        return FC_OK;
    if (!fc_record_face_count(&it->rec)) {
        c->faceless++;
        return FC_OK;
    }
    s = fc_record_get_face(&it->rec, 0, &f, err);
    if (!s)
        s = fc_record_get_path(&it->rec, &path, err);
    if (!s && !path)
        s = fc_fail(err, FC_ERECORD, "%s:%zu: names no picture, and CelebA's tables go by names", it->in.path,
                    it->in.line);
    if (!s)
        s = keep(c, path, err);
    if (s)
        return s;
    put_field(c->cropped.f, c->found[c->n - 1].name);
    /* pixels that the box reaches into */
    const long long x = llround(f.box[0]), y = llround(f.box[1]), w = llround(f.box[0] + f.box[2]) - x,
                    h = llround(f.box[1] + f.box[3]) - y;
    fprintf(c->cropped.f, ",%lld,%lld,%lld,%lld\n", x, y, w, h);
    return FC_OK;
}

static int by_id(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;

    return strcmp(x, y);
}

static bool is_multiple(const char *const *ids, size_t n, const char *id)
{
    const char *const *at = bsearch(&id, ids, n, sizeof *ids, by_id);

    return at && ((at > ids && !strcmp(at[-1], id)) || (at + 1 < ids + n && !strcmp(at[1], id)));
}

/* The pictures of people of whom there are two or more. */
static fc_status write_multiple(const celeba *c, fc_error *err)
{
    const char **ids = malloc((c->n + 1) * sizeof *ids);
    fc_atomic_file a = {0};
    size_t n = 0;
    fc_status s;

    if (!ids)
        return fc_fail_nomem(err, (c->n + 1) * sizeof *ids);
    for (size_t i = 0; i < c->n; i++)
        if (c->found[i].id)
            ids[n++] = c->found[i].id;
    qsort(ids, n, sizeof *ids, by_id);
    s = fc_atomic_open(&a, c->multiple, err);
    if (!s)
        fputs("image_id,identity\n", a.f);
    for (size_t i = 0; !s && i < c->n; i++)
        if (c->found[i].id && is_multiple(ids, n, c->found[i].id)) {
            put_field(a.f, c->found[i].name);
            putc(',', a.f);
            put_field(a.f, c->found[i].id);
            putc('\n', a.f);
        }
    if (!s)
        s = fc_atomic_commit(&a, err);
    fc_atomic_discard(&a);
    free(ids);
    return s;
}

fc_status celeba_commit(celeba *c, fc_error *err)
{
    fc_status s = fc_atomic_commit(&c->cropped, err);

    if (!s && c->multiple)
        s = write_multiple(c, err);
    if (!s && c->faceless)
        note("%zu pictures without a face are left out", c->faceless);
    if (!s && c->strangers)
        note("%zu pictures are not among the identities", c->strangers);
    return s;
}

void celeba_free(celeba *c)
{
    if (!c)
        return;
    fc_atomic_discard(&c->cropped);
    for (size_t i = 0; i < c->n; i++)
        free(c->found[i].name);
    free(c->found);
    free(c->identity);
    fc_bytes_clear(&c->text);
    free(c->multiple);
    free(c);
}
