#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/grow.h"
#include "base/codec.h"
#include "gallery/enrol_impl.h"
#include "pipeline/folders.h"
#include "pipeline/source.h"

void fc_enrol_sources_init(fc_enrol_sources *s, const fc_enrolment_settings *set)
{
    *s = (fc_enrol_sources){.set = set};
    pthread_mutex_init(&s->lock, NULL);
}

/* Whether what is open is to be closed here. */
static bool is_own(const fc_enrol_sources *s)
{
    return s->in && s->in != s->part[s->next - 1].in;
}

static void use(fc_enrol_sources *s, fc_source *in)
{
    pthread_mutex_lock(&s->lock);
    fc_source *old = is_own(s) ? s->in : NULL;
    s->in = in;
    if (s->interrupted && in)
        fc_source_interrupt(in);
    if (in) {
        fc_source_decoding_by(in, s->decoding, s->decoding_ctx);
        fc_source_listen(in, s->set->teller);
    }
    pthread_mutex_unlock(&s->lock);
    fc_source_close(old);
}

void fc_enrol_sources_interrupt(fc_enrol_sources *s)
{
    pthread_mutex_lock(&s->lock);
    s->interrupted = true;
    if (s->in)
        fc_source_interrupt(s->in);
    pthread_mutex_unlock(&s->lock);
}

void fc_enrol_sources_clear(fc_enrol_sources *s)
{
    use(s, NULL);
    for (size_t i = 0; i < s->n; i++) {
        free(s->part[i].id);
        free(s->part[i].path);
    }
    for (size_t i = 0; i < s->nbase; i++)
        free(s->base[i]);
    free(s->part);
    free(s->base);
    free(s->path);
    pthread_mutex_destroy(&s->lock);
}

/* ---- what is added ---- */

static fc_status copy(char **out, const char *text, fc_error *err)
{
    *out = text ? strdup(text) : NULL;
    return *out || !text ? FC_OK : fc_fail_nomem(err, strlen(text) + 1);
}

static fc_status add_part(fc_enrol_sources *s, const fc_enrol_part *part, fc_error *err)
{
    fc_enrol_part new = *part;
    fc_status st = fc_grow(&s->part, s->n + 1, &s->cap, sizeof *s->part, err);

    if (st)
        return st;
    st = copy(&new.id, part->id, err);
    if (!st && (st = copy(&new.path, part->path, err)))
        free(new.id);
    if (st)
        return st;
    s->part[s->n++] = new;
    s->people += !new.in;
    return FC_OK;
}

fc_status fc_enrol_sources_add(fc_enrol_sources *s, const char *id, const char *path, fc_source *in,
                               fc_error *err)
{
    return add_part(s, &(fc_enrol_part){.id = (char *)id, .path = (char *)path, .in = in}, err);
}

/* ---- folders of people ---- */

/* A person's folder. */
struct person {
    const fc_folder_entry *entry;
    dev_t dev;
    ino_t ino;
    const char *same_as; /* the name of the one that is taken in its place; NULL: none */
};

static int by_place(const void *a, const void *b)
{
    const struct person *x = *(struct person *const *)a, *y = *(struct person *const *)b;

    if (x->dev != y->dev)
        return x->dev < y->dev ? -1 : 1;
    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    return strcmp(x->entry->name, y->entry->name);
}

/* A folder that has a second name by a link would be two people with the same photos: the first name counts.
 * place [n]: by_place. */
static void find_seconds(struct person **place, size_t n)
{
    for (size_t i = 1, first = 0; i < n; i++) {
        if (place[i]->dev != place[first]->dev || place[i]->ino != place[first]->ino)
            first = i;
        else if (place[i]->entry->is_link || place[first]->entry->is_link)
            place[i]->same_as = place[first]->entry->name;
    }
}

static fc_status add_person(fc_enrol_sources *s, const fc_folder *f, const struct person *who,
                            const char *base, fc_error *err)
{
    if (!who->same_as)
        return add_part(s, &(fc_enrol_part){.id = who->entry->name, .base = base}, err);
    char *path = fc_folder_join(f->path, who->entry->name);
    if (!path)
        return fc_fail_nomem(err, 0);
    fc_tell(s->set->teller, "%s: is the same folder as %s, and passed over", path, who->same_as);
    free(path);
    return FC_OK;
}

static fc_status add_people(fc_enrol_sources *s, const fc_folder *f, struct person *person,
                            struct person **place, const char *base, fc_error *err)
{
    size_t n = 0;
    fc_status st = FC_OK;

    for (size_t i = 0; i < f->n; i++) {
        char *path = fc_folder_join(f->path, f->entry[i].name);
        struct stat is;
        if (!path)
            return fc_fail_nomem(err, 0);
        person[n] = (struct person){.entry = &f->entry[i]};
        if (!stat(path, &is)) {
            person[n].dev = is.st_dev;
            person[n].ino = is.st_ino;
            place[n] = &person[n];
            n++;
        }
        free(path);
    }
    if (n == 0)
        return fc_fail(err, FC_EEMPTY, "%s: no folders in it%s", base,
                       s->set->hint_people ? s->set->hint_people : "");
    qsort(place, n, sizeof *place, by_place);
    find_seconds(place, n);
    for (size_t i = 0; !st && i < n; i++)
        st = add_person(s, f, &person[i], base, err);
    return st;
}

fc_status fc_enrol_sources_people(fc_enrol_sources *s, const char *dir, fc_error *err)
{
    const struct fc_folder_rules rules = {.people = true,
                                          .teller = s->set->teller,
                                          .recursive = true,
                                          .exclude = s->set->folders ? &s->set->folders->exclude : NULL};
    fc_folder *f;
    fc_status st = fc_folder_open_top(&f, dir, &rules, err);

    if (st)
        return st;
    struct person *person = calloc(f->n + 1, sizeof *person), **place = calloc(f->n + 1, sizeof *place);
    st = person && place ? fc_grow(&s->base, s->nbase + 1, &s->base_cap, sizeof *s->base, err)
                         : fc_fail_nomem(err, (f->n + 1) * sizeof *person);
    if (!st)
        st = copy(&s->base[s->nbase], dir, err);
    if (!st) {
        s->nbase++;
        st = add_people(s, f, person, place, s->base[s->nbase - 1], err);
    }
    free(place);
    free(person);
    fc_folder_free(f);
    return st;
}

/* ---- what comes of it ---- */

static bool is_over(fc_enrol_sources *s)
{
    pthread_mutex_lock(&s->lock);
    const bool over = s->interrupted || s->next == s->n;
    pthread_mutex_unlock(&s->lock);
    return over;
}

/* The source of the next part; FC_END: there is none. */
static fc_status next_part(fc_enrol_sources *s, fc_error *err)
{
    fc_source *in = NULL;

    if (is_over(s))
        return FC_END;
    const fc_enrol_part *part = &s->part[s->next++];
    s->people_begun += !part->in;
    if (part->in) {
        use(s, part->in);
        return FC_OK;
    }
    free(s->path);
    s->path = NULL;
    if (part->base && !(s->path = fc_folder_join(part->base, part->id)))
        return fc_fail_nomem(err, 0);
    if (!part->base && copy(&s->path, part->path, err))
        return FC_ENOMEM;
    s->options = s->set->folders ? *s->set->folders : (fc_source_options){.recursive = false};
    s->options.base = part->base;
    s->options.people = false;
    s->options.teller = NULL;
    s->options.files_from = NULL;
    fc_status st = fc_source_open(&in, &s->options, &s->path, 1, err);
    use(s, in);
    return st;
}

static fc_status next_input(fc_enrol_sources *s, fc_input *in, fc_error *err)
{
    fc_status st = FC_OK;

    for (;;) {
        if (!s->in)
            st = next_part(s, err);
        if (!st)
            st = fc_source_next(s->in, in, err);
        if (st != FC_END || !s->in)
            return st;
        use(s, NULL);
        st = FC_OK;
    }
}

static bool is_picture(const fc_input *in)
{
    return in->kind == FC_INPUT_PATH || in->kind == FC_INPUT_BYTES || in->kind == FC_INPUT_FRAME;
}

static fc_status photo_of(fc_enrol_sources *s, fc_enrol_photo *p, fc_input *in, fc_error *err)
{
    const char *id = s->part[s->next - 1].id;
    fc_status st;

    if (!id && is_picture(in)) {
        st =
            fc_fail(err, FC_EUSAGE, "%s: whose picture?%s", in->path, s->set->hint_id ? s->set->hint_id : "");
        fc_input_clear(in);
        return st;
    }
    st = fc_item_new(&p->it, in, (fc_face_choice)s->set->detect->faces, err);
    p->people = s->people_begun;
    return st ? st : copy(&p->id, id, err);
}

/* A photo whose embedding is known. */
static fc_status photo_of_template(fc_enrol_sources *s, fc_enrol_photo *p, size_t i, fc_error *err)
{
    const fc_templates *t = s->templates;
    const fc_template_image *im = &t->image[i];
    fc_status st;

    if (!im->person)
        return fc_fail(err, FC_EDATA, "%s: whose face? It is in no folder, and has no id", im->path);
    p->has_content = fc_sha256_parse(p->content, im->sha256);
    if (!p->has_content)
        return fc_fail(err, FC_EDATA, "%s: no hash of the picture", im->path);
    st = copy(&p->id, im->person, err);
    if (!st)
        st = copy(&p->path, im->path, err);
    return st ? st
              : fc_enrol_photo_add(p, t->v + i * t->dim, t->dim, s->contract,
                                   (fc_enrol_sample){.quality = im->face.score}, err);
}

static fc_status next_template(fc_enrol_sources *s, fc_enrol_photo *p, fc_error *err)
{
    const fc_templates *t = s->templates;

    while (t && s->next_template < t->n) {
        const size_t i = s->next_template++;
        if (t->image[i].state == FC_TEMPLATE_MADE)
            return photo_of_template(s, p, i, err);
    }
    return FC_END;
}

fc_status fc_enrol_sources_next(fc_enrol_sources *s, fc_enrol_photo **out, fc_error *err)
{
    fc_enrol_photo *p = calloc(1, sizeof *p);
    fc_input in;
    fc_status st = p ? next_input(s, &in, err) : fc_fail_nomem(err, sizeof *p);

    if (!st)
        st = photo_of(s, p, &in, err);
    else if (st == FC_END)
        st = next_template(s, p, err);
    if (st)
        fc_enrol_photo_free(p);
    else
        *out = p;
    return st;
}
