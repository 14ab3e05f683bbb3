#include "plot/contact.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/text.h"
#include "plot/ink.h"
#include "plot/picture.h"

/* In points. */
static const double side = 72, gap = 6, heading = 20, margin = 12;

struct shot {
    char *path; /* owned; NULL: none */
    fc_face face;
    json_t *crop; /* owned: a face with nothing but its crop; NULL: none */
};

struct person {
    char *name; /* owned; "": none */
    size_t faces;
    struct shot *shot; /* [n], owned */
    size_t n, cap;
};

struct fc_contact {
    fc_contact_options opt;
    void *by_name;          /* tsearch: of struct person */
    struct person **person; /* [n], owned */
    size_t n, cap;
    size_t faces;
};

fc_status fc_contact_new(fc_contact **out, const fc_contact_options *opt, fc_error *err)
{
    fc_contact *c = calloc(1, sizeof *c);

    *out = c;
    if (!c)
        return fc_fail_nomem(err, sizeof *c);
    c->opt = *opt;
    c->opt.people = opt->people ? opt->people : FC_CONTACT_PEOPLE;
    c->opt.each = opt->each ? opt->each : FC_CONTACT_EACH;
    c->opt.scale = opt->scale > 0 ? opt->scale : 2;
    return FC_OK;
}

static void free_person(struct person *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->shot[i].path);
        json_decref(p->shot[i].crop);
    }
    free(p->shot);
    free(p->name);
    free(p);
}

static void keep(void *node)
{
    (void)node;
}

void fc_contact_free(fc_contact *c)
{
    if (!c)
        return;
    tdestroy(c->by_name, keep);
    for (size_t i = 0; i < c->n; i++)
        free_person(c->person[i]);
    free(c->person);
    free(c);
}

/* ---- gathering ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct person *)a)->name, ((const struct person *)b)->name);
}

static fc_status add_person(fc_contact *c, struct person **out, const char *name, fc_error *err)
{
    struct person *p = calloc(1, sizeof *p);
    fc_status s = fc_grow(&c->person, c->n + 1, &c->cap, sizeof(struct person *), err);

    if (!s && (!p || !(p->name = strdup(name)) || !tsearch(p, &c->by_name, by_name)))
        s = fc_fail_nomem(err, strlen(name) + sizeof *p);
    if (s) {
        if (p)
            free_person(p);
        return s;
    }
    c->person[c->n++] = *out = p;
    return FC_OK;
}

static fc_status person_of(fc_contact *c, struct person **out, const char *name, fc_error *err)
{
    const struct person key = {.name = (char *)name};
    struct person *const *found = tfind(&key, &c->by_name, by_name);

    if (!found)
        return add_person(c, out, name, err);
    *out = *found;
    return FC_OK;
}

static fc_status add_shot(struct person *p, const fc_record *rec, size_t i, fc_error *err)
{
    const json_t *face = fc_record_face(rec, i);
    struct shot shot = {0};
    fc_status s = fc_record_get_face(rec, i, &shot.face, err);

    if (!s)
        s = fc_record_get_path(rec, &shot.path, err);
    if (!s && fc_face_has_crop(face) &&
        !(shot.crop = json_pack("{s:O}", "crop", json_object_get(face, "crop"))))
        s = fc_fail_nomem(err, 0);
    if (!s)
        s = fc_grow(&p->shot, p->n + 1, &p->cap, sizeof *p->shot, err);
    if (s) {
        free(shot.path);
        json_decref(shot.crop);
        return s;
    }
    p->shot[p->n++] = shot;
    return FC_OK;
}

fc_status fc_contact_add(fc_contact *c, const fc_record *rec, fc_error *err)
{
    const char *id = json_string_value(json_object_get(rec->json, "id"));
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < fc_record_face_count(rec); i++) {
        const char *name = json_string_value(json_object_get(fc_record_face(rec, i), "name"));
        struct person *p = NULL;
        s = person_of(c, &p, name ? name : id ? id : "", err);
        if (s)
            break;
        p->faces++;
        c->faces++;
        if (p->n < c->opt.each)
            s = add_shot(p, rec, i, err);
    }
    return s;
}

size_t fc_contact_faces(const fc_contact *c)
{
    return c->faces;
}

/* ---- drawing ---- */

static int by_faces(const void *a, const void *b)
{
    const struct person *x = *(struct person *const *)a, *y = *(struct person *const *)b;

    if (!*x->name != !*y->name)
        return !*x->name - !*y->name;
    if (x->faces != y->faces)
        return x->faces > y->faces ? -1 : 1;
    const int by_number = strverscmp(x->name, y->name); /* cluster 9 before cluster 10 */
    return by_number ? by_number : strcmp(x->name, y->name);
}

static fc_status crop_of(const fc_contact *c, const struct shot *shot, fc_image *crop, fc_error *err)
{
    const fc_alignment five = {.mode = FC_ALIGN_FIVE_POINT, .size = 112},
                       box = {.mode = FC_ALIGN_BOX, .size = 112};
    fc_image img = {0};
    fc_status s;

    if (shot->crop)
        return fc_face_get_crop(shot->crop, crop, err);
    if (!shot->path || !strcmp(shot->path, "-"))
        return fc_fail(err, FC_EMISSING, "the picture came from a pipe and is gone");
    s = fc_image_load(&img, shot->path, &c->opt.decoding, err);
    if (!s)
        s = fc_align(crop, &img, &shot->face, shot->face.has_landmarks ? &five : &box, err);
    fc_image_clear(&img);
    return s;
}

/* Instead of a face: why it is not there. */
static void draw_absence(cairo_t *cr, const char *why, double x, double y)
{
    fc_ink_grey(cr, 0.93);
    cairo_rectangle(cr, x, y, side, side);
    cairo_fill(cr);
    fc_ink_grey(cr, 0.25);
    fc_font(cr, 7, false);
    fc_text_fit(cr, x + 4, y + side / 2, side - 8, why);
}

/* A face that cannot be had is none of the sheet's faults, but for memory. */
static fc_status draw_shot(const fc_contact *c, cairo_t *cr, const struct shot *shot, double x, double y,
                           size_t *failed, fc_error *err)
{
    fc_image crop = {0};
    fc_error why;
    const fc_status s = crop_of(c, shot, &crop, &why);

    if (s == FC_ENOMEM)
        return fc_fail(err, s, "%s", why.message);
    if (s) {
        draw_absence(cr, why.message, x, y);
        ++*failed;
        return FC_OK;
    }
    cairo_surface_t *face = fc_picture_surface(&crop);
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, side / crop.w, side / crop.h);
    cairo_set_source_surface(cr, face, 0, 0);
    cairo_paint(cr);
    cairo_restore(cr);
    cairo_surface_destroy(face);
    fc_image_clear(&crop);
    return FC_OK;
}

static fc_status draw_person(const fc_contact *c, cairo_t *cr, const struct person *p, double y,
                             size_t *failed, fc_error *err)
{
    char *name = *p->name ? fc_text_escape(p->name, strlen(p->name)) : strdup("without a name");
    char *text = name ? fc_text_format("%s: %zu face%s", name, p->faces, p->faces == 1 ? "" : "s") : NULL;
    const double width = (double)c->opt.each * (side + gap) - gap;
    fc_status s = text ? FC_OK : fc_fail_nomem(err, 0);

    if (!s) {
        fc_ink_grey(cr, 0);
        fc_font(cr, 10, true);
        fc_text_fit(cr, margin, y + heading - 6, width, text);
    }
    for (size_t i = 0; !s && i < p->n; i++)
        s = draw_shot(c, cr, &p->shot[i], margin + (double)i * (side + gap), y + heading, failed, err);
    free(text);
    free(name);
    return s;
}

static void draw_rest(const fc_contact *c, cairo_t *cr, size_t shown, double y)
{
    size_t faces = 0;
    char text[80];

    for (size_t i = shown; i < c->n; i++)
        faces += c->person[i]->faces;
    snprintf(text, sizeof text, "and %zu more, of %zu face%s", c->n - shown, faces, faces == 1 ? "" : "s");
    fc_ink_grey(cr, 0.25);
    fc_font(cr, 10, false);
    fc_text(cr, margin, y + heading - 6, FC_LEFT, text);
}

fc_status fc_contact_draw(fc_contact *c, fc_canvas **out, fc_page_format format, size_t *failed,
                          fc_error *err)
{
    const size_t shown = c->n < c->opt.people ? c->n : c->opt.people;
    const double row = heading + side + gap, width = 2 * margin + (double)c->opt.each * (side + gap) - gap,
                 height = 2 * margin + (double)shown * row + (shown < c->n ? heading : 0);
    fc_status s;

    *failed = 0;
    *out = NULL;
    if (c->n)
        qsort(c->person, c->n, sizeof(struct person *), by_faces);
    s = fc_canvas_new(out, format, width, height, c->opt.scale, err);
    if (s)
        return s;
    cairo_t *cr = fc_canvas_cairo(*out);
    for (size_t i = 0; !s && i < shown; i++)
        s = draw_person(c, cr, c->person[i], margin + (double)i * row, failed, err);
    if (!s && shown < c->n)
        draw_rest(c, cr, shown, margin + (double)shown * row);
    if (!s)
        s = fc_ink_status(cr, err);
    if (s) {
        fc_canvas_free(*out);
        *out = NULL;
    }
    return s;
}
