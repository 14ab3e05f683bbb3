#include "facecheck.h"

#include <errno.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

enum { MAX_FIELDS = 4, MAX_NUMBER = 999999999 };

struct reader {
    const char *at, *end, *name;
    size_t line;
    char text[3 * NAME_MAX]; /* of the line */
    char *field[MAX_FIELDS + 1];
    int nfields;
    void *seen; /* tsearch of the images' paths; hsearch's hash is of their first characters only */
    fc_pairs *out;
};

static fc_status broken(const struct reader *r, fc_error *err, const char *what)
{
    return fc_fail(err, FC_EFORMAT, "%s, line %zu: %s", r->name, r->line, what);
}

/* Cut at its tabs or, where there are none, at its blanks: a name may have blanks in it. */
static void cut_line(struct reader *r)
{
    const char *const between = strchr(r->text, '\t') ? "\t" : " ";
    char *at = r->text + (*between == ' ' ? strspn(r->text, " ") : 0);

    r->nfields = 0;
    for (bool more = true; more && r->nfields <= MAX_FIELDS;) {
        const size_t n = strcspn(at, between);
        r->field[r->nfields++] = at;
        more = at[n] != '\0';
        at[n] = '\0';
        at += n + more;
        if (*between == ' ')
            at += strspn(at, " ");
    }
}

/* The next line in its fields; FC_END at the end. */
static fc_status next_line(struct reader *r, fc_error *err)
{
    if (r->at == r->end)
        return FC_END;
    const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
    size_t n = (size_t)((stop ? stop : r->end) - r->at);
    r->line++;
    if (n >= sizeof r->text)
        return broken(r, err, "longer than any pair");
    if (memchr(r->at, '\0', n))
        return broken(r, err, "a NUL byte");
    memcpy(r->text, r->at, n);
    r->at = stop ? stop + 1 : r->end;
    while (n && strchr(" \t\r", r->text[n - 1]))
        n--;
    r->text[n] = '\0';
    cut_line(r);
    return FC_OK;
}

/* Not the fields that were wanted: what there is in their place. */
static fc_status wrong_fields(const struct reader *r, const char *want, fc_error *err)
{
    const char *mark = r->nfields == 1 ? strpbrk(r->field[0], ",;") : NULL;

    if (mark)
        return fc_fail(err, FC_EFORMAT,
                       "%s, line %zu: want %s, with tabs or blanks between them and not '%c'", r->name,
                       r->line, want, *mark);
    return fc_fail(err, FC_EFORMAT, "%s, line %zu: want %s, with tabs or blanks between them; there %s%d",
                   r->name, r->line, want,
                   r->nfields > MAX_FIELDS ? "are more than "
                   : r->nfields == 1       ? "is "
                                           : "are ",
                   r->nfields > MAX_FIELDS ? MAX_FIELDS : r->nfields);
}

static bool read_number(const char *text, long *out)
{
    char *stop;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *out = strtol(text, &stop, 10);
    return !errno && !*stop && *out >= 1 && *out <= MAX_NUMBER;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void keep(void *path)
{
    (void)path; /* is the image's */
}

/* The number of picture `number` of person `who`, which is added when it is new. out->image has room. */
static fc_status add_image(struct reader *r, const char *who, const char *number, size_t *index,
                           fc_error *err)
{
    long i;
    char *path;
    size_t n = strlen(who);

    if (n == 0 || n > NAME_MAX - 16 || strchr(who, '/') || !strcmp(who, ".") || !strcmp(who, ".."))
        return broken(r, err, "not a person's name");
    if (!read_number(number, &i))
        return broken(r, err, "the number of a picture is not a number from 1");
    if (asprintf(&path, "%s/%s_%04ld.jpg", who, who, i) < 0)
        return fc_fail_nomem(err, 2 * n);
    r->out->image[r->out->nimages] = path;
    char ***found = tsearch(&r->out->image[r->out->nimages], &r->seen, compare_paths);
    if (!found) {
        free(path);
        return fc_fail_nomem(err, n);
    }
    *index = (size_t)(*found - r->out->image);
    if (*index == r->out->nimages)
        r->out->nimages++;
    else
        free(path);
    return FC_OK;
}

static fc_status read_header(struct reader *r, long *folds, long *each, fc_error *err)
{
    fc_status s = next_line(r, err);

    if (s == FC_END)
        return fc_fail(err, FC_EEMPTY, "%s: empty", r->name);
    if (s)
        return s;
    if (r->nfields < 1 || r->nfields > 2 || !read_number(r->field[r->nfields - 1], each) ||
        (r->nfields == 2 && !read_number(r->field[0], folds)))
        return wrong_fields(r, "the number of folds and of pairs a fold, or of pairs alone", err);
    return FC_OK;
}

static fc_status read_pair(struct reader *r, fc_pair *p, bool same, fc_error *err)
{
    fc_status s = next_line(r, err);

    if (s == FC_END)
        return fc_fail(err, FC_ETRUNCATED, "%s: ends after line %zu, before all pairs that line 1 announces",
                       r->name, r->line);
    if (s)
        return s;
    if (r->nfields != (same ? 3 : 4))
        return wrong_fields(r,
                            same ? "NAME, number, number (a matched pair)"
                                 : "NAME, number, NAME, number (a mismatched pair)",
                            err);
    p->same = same;
    if ((s = add_image(r, r->field[0], r->field[1], &p->a, err)) ||
        (s = add_image(r, r->field[same ? 0 : 2], r->field[same ? 2 : 3], &p->b, err)))
        return s;
    if (p->a == p->b)
        return broken(r, err, "a picture paired with itself");
    if (!same && !strcmp(r->field[0], r->field[2]))
        return broken(r, err, "a mismatched pair of one person");
    return FC_OK;
}

fc_status fc_pairs_parse(fc_pairs *out, const char *text, size_t n, const char *name, fc_error *err)
{
    struct reader r = {.at = text, .end = text + n, .name = name, .out = out};
    long folds = 1, each = 0;
    size_t total;
    fc_status s;

    *out = (fc_pairs){0};
    if (n >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)))
        return fc_fail(err, FC_EFORMAT, "%s: is UTF-16 text; want ASCII or UTF-8", name);
    if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) /* a byte-order mark */
        r.at += 3;
    if ((s = read_header(&r, &folds, &each, err)))
        return s;
    /* The shortest pair has 6 bytes: what is announced must fit into the file before memory is taken for it.
     */
    if (!fc_mul((size_t)folds, 2 * (size_t)each, &total) || total > n / 6 + 1)
        return fc_fail(err, FC_ETRUNCATED, "%s: shorter than %ld folds of 2 x %ld pairs can be", name, folds,
                       each);
    out->pair = calloc(total, sizeof *out->pair);
    out->image = calloc(2 * total, sizeof *out->image);
    if (!out->pair || !out->image) {
        s = fc_fail_nomem(err, total * (sizeof *out->pair + 2 * sizeof *out->image));
        goto out;
    }
    out->folds = (int)folds;
    for (; out->n < total; out->n++) {
        fc_pair *p = &out->pair[out->n];
        size_t in_fold = out->n % (2 * (size_t)each);
        p->fold = (int)(out->n / (2 * (size_t)each));
        if ((s = read_pair(&r, p, in_fold < (size_t)each, err)))
            goto out;
    }
    while (!(s = next_line(&r, err)))
        if (r.nfields > 1 || *r.field[0]) {
            s = broken(&r, err, "more pairs than line 1 announces");
            goto out;
        }
    if (s == FC_END)
        s = FC_OK;
out:
    tdestroy(r.seen, keep);
    if (s)
        fc_pairs_clear(out);
    return s;
}

void fc_pairs_clear(fc_pairs *p)
{
    for (size_t i = 0; i < p->nimages; i++)
        free(p->image[i]);
    free(p->image);
    free(p->pair);
    *p = (fc_pairs){0};
}
