#include "labelled.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/error.h"
#include "gallery/alike.h"
#include "gallery/labelled.h"
#include "items.h"
#include "pipeline/record.h"
#include "say.h"
#include "source_options.h"

/* ---- from a gallery ---- */

fc_status labelled_of_gallery(fc_labelled *l, fc_gallery *g, char *state, fc_error *err)
{
    fc_gallery_info info;
    fc_status s = fc_gallery_begin(g, false, err);

    if (s)
        return s;
    s = fc_gallery_get_info(g, &info, err);
    if (!s)
        s = fc_gallery_labelled(g, l, err);
    fc_gallery_rollback(g);
    if (!s && state)
        sodium_bin2hex(state, 2 * sizeof info.samples_state + 1, info.samples_state,
                       sizeof info.samples_state);
    return s;
}

static fc_status gather_gallery(fc_labelled *l, const struct labelled_args *a, const char *what, char *state,
                                fc_error *err)
{
    fc_gallery *g;
    fc_status s = gallery_open(&g, &a->gallery, FC_GALLERY_READ, false, err);

    if (!s)
        s = gallery_may_leave(g, a->plain, what, err);
    if (!s)
        s = labelled_of_gallery(l, g, state, err);
    fc_gallery_free(g);
    return s;
}

/* ---- from records ---- */

struct reading {
    fc_labelled *l;
    const char *id_field; /* NULL: all faces are strangers */
};

/* Strangers: each face is a photo of its own, of one class. */
static fc_status take_strangers(fc_labelled *l, const fc_record *rec, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < fc_record_face_count(rec); i++) {
        const char *contract;
        float *e;
        size_t dim;
        s = fc_face_get_embedding(fc_record_face(rec, i), &contract, &e, &dim, err);
        if (s)
            break;
        s = fc_labelled_add(l, "strangers", contract, e, dim, NULL, err);
        free(e);
    }
    return s;
}

static fc_status take_record(const struct reading *r, const fc_input *in, const fc_record *rec, fc_error *err)
{
    const char *name = r->id_field ? json_string_value(json_object_get(rec->json, r->id_field)) : NULL;
    fc_error why;
    fc_status s;

    if (fc_record_is_gap(rec))
        return FC_OK;
    if (r->id_field && !name)
        return fc_fail(err, FC_ERECORD, "%s:%zu: no \"%s\" that says whose it is", in->path, in->line,
                       r->id_field);
    s = name ? fc_labelled_add_record(r->l, name, rec, &why) : take_strangers(r->l, rec, &why);
    if (!s)
        return FC_OK;
    return fc_fail(err, s == FC_EUSAGE ? FC_ERECORD : s, "%s:%zu: %s", in->path, in->line, why.message);
}

static fc_status take_input(const struct reading *r, const fc_input *in, fc_error *err)
{
    fc_record rec;
    fc_status s;

    if (in->kind != FC_INPUT_LINE)
        return fc_input_no_records(in, "fc-embed makes them", err);
    s = fc_record_parse(&rec, (const char *)in->data.data, in->data.n, in->path, in->line, err);
    if (!s)
        s = take_record(r, in, &rec, err);
    fc_record_clear(&rec);
    return s;
}

static fc_status gather_records(const struct reading *r, char **operands, int n, fc_error *err)
{
    static const fc_source_options plain;
    fc_source *in;
    fc_input one;
    fc_status s = fc_source_open(&in, &plain, operands, n, err);

    while (!s && !(s = fc_source_next(in, &one, err))) {
        s = take_input(r, &one, err);
        fc_input_clear(&one);
    }
    if (s == FC_END)
        say_nothing_came(in);
    fc_source_close(in);
    return s == FC_END ? FC_OK : s;
}

/* ---- both ---- */

static fc_status warn_of_names(const fc_labelled *l, fc_error *err)
{
    fc_alike all = {0};
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < fc_labelled_people(l); i++)
        s = fc_alike_add(&all, fc_labelled_name(l, i), true, err);
    if (!s)
        s = fc_alike_warn(&all, &note_teller, err);
    fc_alike_clear(&all);
    return s;
}

fc_status labelled_gather(fc_labelled **out, const struct labelled_args *a, const char *what, char **operands,
                          int n, char *state, fc_error *err)
{
    fc_status s = fc_labelled_new(out, err);

    if (state)
        *state = '\0';
    if (!s)
        s = a->gallery.path ? gather_gallery(*out, a, what, state, err)
                            : gather_records(&(struct reading){*out, a->id_field}, operands, n, err);
    return s ? s : warn_of_names(*out, err);
}

fc_status labelled_read(fc_labelled **out, const struct labelled_args *a, const char *path, bool named,
                        fc_error *err)
{
    const fc_status s = fc_labelled_new(out, err);
    return s ? s
             : gather_records(&(struct reading){*out, named ? a->id_field : NULL}, &(char *){(char *)path}, 1,
                              err);
}
