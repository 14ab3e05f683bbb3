#include "plot/map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plot/ink.h"
#include "plot/picture.h"
#include "plot/project.h"

static const double thumb = 26, margin = 16, top = 46; /* points */
enum { THUMB_PIXELS = 56, MAX_LABEL = 64 };

struct person {
    const char *name;
    size_t pictures;
};

struct fc_map {
    fc_map_settings set;
    const fc_map_face *face; /* [n], the caller's */
    size_t n;
    double (*at)[2];       /* [n]: on the page */
    struct person *person; /* [npersons], those with the most pictures first */
    size_t npersons, nnamed;
    size_t *who; /* [n]: of person; nnamed: of none that has a colour */
};

void fc_map_free(fc_map *m)
{
    if (!m)
        return;
    free(m->at);
    free(m->person);
    free(m->who);
    free(m);
}

/* ---- people ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct person *)a)->name, ((const struct person *)b)->name);
}

static int by_pictures(const void *a, const void *b)
{
    const struct person *x = a, *y = b;
    if (x->pictures != y->pictures)
        return x->pictures > y->pictures ? -1 : 1;
    return by_name(a, b);
}

static const char *name_of(const fc_map *m, size_t i)
{
    return m->face[i].person ? m->face[i].person : "";
}

/* Each person once, those with the most pictures first. */
static void count_people(fc_map *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++)
        m->person[i] = (struct person){name_of(m, i), 1};
    qsort(m->person, m->n, sizeof *m->person, by_name);
    for (size_t i = 0; i < m->n; i++) {
        if (n && !strcmp(m->person[n - 1].name, m->person[i].name))
            m->person[n - 1].pictures++;
        else
            m->person[n++] = m->person[i];
    }
    m->npersons = n;
    qsort(m->person, n, sizeof *m->person, by_pictures);
}

/* Who is on each picture, and who gets a colour: those with two pictures or more, the most first. */
static void sort_people(fc_map *m)
{
    count_people(m);
    while (m->nnamed < m->npersons && m->nnamed < m->set.named && m->person[m->nnamed].pictures > 1 &&
           *m->person[m->nnamed].name)
        m->nnamed++;
    for (size_t i = 0; i < m->n; i++) {
        m->who[i] = m->nnamed;
        for (size_t k = 0; k < m->nnamed; k++)
            if (!strcmp(m->person[k].name, name_of(m, i)))
                m->who[i] = k;
    }
}

/* ---- places ---- */

static fc_status project(fc_map *m, const float *v, size_t dim, fc_error *err)
{
    fc_tsne_options o = FC_TSNE_DEFAULTS;

    o.perplexity = m->set.perplexity;
    o.seed = m->set.seed;
    o.progress = m->set.progress;
    o.ctx = m->set.ctx;
    return m->set.method == FC_MAP_PCA ? fc_project_pca(m->at, v, m->n, dim, err)
                                       : fc_project_tsne(m->at, v, m->n, dim, &o, err);
}

/* From the projection to the page, at one scale for both directions. */
static void place(fc_map *m)
{
    const double room = m->set.thumbs ? thumb / 2 + 2 : 6;
    const double w = m->set.width - 2 * margin - 2 * room, h = m->set.height - top - margin - 2 * room;
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};

    for (size_t i = 0; i < m->n; i++)
        for (int k = 0; k < 2; k++) {
            low[k] = fmin(low[k], m->at[i][k]);
            high[k] = fmax(high[k], m->at[i][k]);
        }
    const double scale = fmin(w / fmax(high[0] - low[0], 1e-9), h / fmax(high[1] - low[1], 1e-9));
    for (size_t i = 0; i < m->n; i++) {
        m->at[i][0] = margin + room + w / 2 + (m->at[i][0] - (low[0] + high[0]) / 2) * scale;
        m->at[i][1] = top + room + h / 2 - (m->at[i][1] - (low[1] + high[1]) / 2) * scale;
    }
}

/* The vectors, one behind the other. */
static fc_status gather(float **out, const fc_map_face *face, size_t n, size_t dim, fc_error *err)
{
    *out = reallocarray(NULL, n, dim * sizeof **out);
    if (!*out)
        return fc_fail_nomem(err, n * dim * sizeof **out);
    for (size_t i = 0; i < n; i++)
        memcpy(*out + i * dim, face[i].v, dim * sizeof **out);
    return FC_OK;
}

static fc_status map_make(fc_map *m, size_t dim, fc_error *err)
{
    float *v = NULL;
    fc_status s;

    m->person = calloc(m->n, sizeof *m->person);
    m->who = calloc(m->n, sizeof *m->who);
    m->at = calloc(m->n, sizeof *m->at);
    if (!m->person || !m->who || !m->at)
        return fc_fail_nomem(err, m->n * sizeof *m->person);
    sort_people(m);
    if (!(s = gather(&v, m->face, m->n, dim, err)))
        s = project(m, v, dim, err);
    free(v);
    if (!s)
        place(m);
    return s;
}

fc_status fc_map_new(fc_map **out, const fc_map_face *face, size_t n, size_t dim, const fc_map_settings *set,
                     fc_error *err)
{
    fc_map *m;
    fc_status s;

    *out = NULL;
    if (!n)
        return fc_fail(err, FC_EFACES, "no face to draw");
    if (!(m = calloc(1, sizeof *m)))
        return fc_fail_nomem(err, sizeof *m);
    *m = (fc_map){.set = *set, .face = face, .n = n};
    if ((s = map_make(m, dim, err)))
        fc_map_free(m);
    else
        *out = m;
    return s;
}

/* ---- drawing ---- */

struct box {
    double x, y, w, h;
};

static bool overlap(const struct box *a, const struct box *b)
{
    return a->x < b->x + b->w && b->x < a->x + a->w && a->y < b->y + b->h && b->y < a->y + a->h;
}

static void draw_point(cairo_t *cr, const fc_map *m, size_t i)
{
    const size_t who = m->who[i];

    if (who == m->nnamed) {
        cairo_set_source_rgba(cr, 0.55, 0.55, 0.55, 0.55);
        cairo_arc(cr, m->at[i][0], m->at[i][1], 1.7, 0, 2 * M_PI);
        cairo_fill(cr);
        return;
    }
    fc_ink_colour(cr, who, 0.9);
    fc_ink_mark(cr, who + who / FC_INKS, m->at[i][0], m->at[i][1], 3.2);
}

/* The face as a small picture, or NULL where the picture cannot be had again. */
static cairo_surface_t *load_thumb(const fc_map *m, const fc_map_face *f)
{
    const fc_alignment a = {f->face.has_landmarks ? FC_ALIGN_FIVE_POINT : FC_ALIGN_BOX, 112, 0};
    fc_image img = {0}, crop = {0};
    cairo_surface_t *face = NULL;

    if (f->path && !fc_image_load(&img, f->path, &m->set.decoding, NULL) &&
        !fc_align(&crop, &img, &f->face, &a, NULL))
        face = fc_picture_scaled(&crop, THUMB_PIXELS, THUMB_PIXELS);
    fc_image_clear(&crop);
    fc_image_clear(&img);
    return face;
}

static void draw_thumb(cairo_t *cr, const fc_map *m, size_t i, cairo_surface_t *face, const struct box *b)
{
    cairo_save(cr);
    cairo_translate(cr, b->x + 1, b->y + 1);
    cairo_scale(cr, (thumb - 2) / THUMB_PIXELS, (thumb - 2) / THUMB_PIXELS);
    cairo_set_source_surface(cr, face, 0, 0);
    cairo_paint(cr);
    cairo_restore(cr);
    if (m->who[i] == m->nnamed)
        fc_ink_grey(cr, 0.7);
    else
        fc_ink_colour(cr, m->who[i], 1);
    cairo_set_line_width(cr, m->who[i] == m->nnamed ? 0.6 : 2);
    cairo_rectangle(cr, b->x + 1, b->y + 1, thumb - 2, thumb - 2);
    cairo_stroke(cr);
}

/* Faces where there is room, those with a name first; taken [*ntaken] grows by their boxes. */
static void draw_thumbs(cairo_t *cr, const fc_map *m, struct box *taken, size_t *ntaken)
{
    for (int named = 1; named >= 0; named--)
        for (size_t i = 0; i < m->n; i++) {
            struct box b = {m->at[i][0] - thumb / 2, m->at[i][1] - thumb / 2, thumb, thumb};
            bool room = (m->who[i] < m->nnamed) == named;
            for (size_t k = 0; k < *ntaken && room; k++)
                room = !overlap(&b, &taken[k]);
            cairo_surface_t *face = room ? load_thumb(m, &m->face[i]) : NULL;
            if (!face)
                continue;
            draw_thumb(cr, m, i, face, &b);
            cairo_surface_destroy(face);
            taken[(*ntaken)++] = b;
        }
}

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_number);
    return v[n / 2];
}

/* How much of the page a label there would hide: points, faces, other labels, what is outside. */
static double cost(const fc_map *m, const struct box *b, const struct box *labels, size_t nlabels,
                   const struct box *taken, size_t ntaken)
{
    double c = 0;

    for (size_t k = 0; k < ntaken; k++)
        c += overlap(b, &taken[k]) ? 12 : 0;

    for (size_t k = 0; k < nlabels; k++)
        c += overlap(b, &labels[k]) ? 1000 : 0;
    if (b->x < 4 || b->y < top - 4 || b->x + b->w > m->set.width - 4 || b->y + b->h > m->set.height - 4)
        c += 2000;
    for (size_t i = 0; i < m->n; i++) {
        const struct box p = {m->at[i][0] - 2, m->at[i][1] - 2, 4, 4};
        if (overlap(b, &p))
            c += m->who[i] < m->nnamed ? 3 : 0.2;
    }
    return c;
}

/* Names beside their people, at the nearest place that hides little. */
static void draw_labels(cairo_t *cr, const fc_map *m, double *x, double *y, struct box *labels,
                        const struct box *taken, size_t ntaken)
{
    char text[MAX_LABEL];

    fc_font(cr, 9.5, true);
    for (size_t k = 0; k < m->nnamed; k++) {
        struct box best = {0};
        double lowest = INFINITY;
        size_t n = 0;
        snprintf(text, sizeof text, "%s", m->person[k].name);
        for (char *c = text; *c; c++)
            *c = *c == '_' ? ' ' : *c;
        for (size_t i = 0; i < m->n; i++)
            if (m->who[i] == k) {
                x[n] = m->at[i][0];
                y[n++] = m->at[i][1];
            }
        const double cx = median(x, n), cy = median(y, n), w = fc_text_width(cr, text) + 4, h = 12;
        for (int ring = 0; ring < 12; ring++)
            for (int turn = 0; turn < 16; turn++) {
                const double angle = 2 * M_PI * turn / 16, d = 8 + 8 * ring;
                struct box b = {cx + (d + w / 2) * cos(angle) - w / 2, cy + (d + h / 2) * sin(angle) - h / 2,
                                w, h};
                const double c = cost(m, &b, labels, k, taken, ntaken) + 0.5 * ring;
                if (c < lowest) {
                    lowest = c;
                    best = b;
                }
            }
        labels[k] = best;
        const double lx = fmin(fmax(cx, best.x), best.x + w), ly = fmin(fmax(cy, best.y), best.y + h);
        if (hypot(lx - cx, ly - cy) > 16) {
            fc_ink_colour(cr, k, 0.8);
            cairo_set_line_width(cr, 0.7);
            cairo_move_to(cr, lx, ly);
            cairo_line_to(cr, cx, cy);
            cairo_stroke(cr);
        }
        fc_ink_grey(cr, 0);
        fc_text_halo(cr, best.x + 2, best.y + h - 3, FC_LEFT, text);
    }
}

/* ---- the page ---- */

static void draw_heading(cairo_t *cr, const fc_map *m)
{
    char note[160];

    fc_ink_grey(cr, 0);
    fc_font(cr, 13, true);
    fc_text_fit(cr, margin, 22, m->set.width - 2 * margin, m->set.title ? m->set.title : "Map of embeddings");
    if (m->set.method == FC_MAP_PCA)
        snprintf(note, sizeof note, "%zu faces of %zu people; principal components", m->n, m->npersons);
    else
        snprintf(note, sizeof note, "%zu faces of %zu people; t-SNE, perplexity %g, seed %llu", m->n,
                 m->npersons, m->set.perplexity, (unsigned long long)m->set.seed);
    fc_ink_grey(cr, 0.35);
    fc_font(cr, 10, false);
    fc_text(cr, margin, 37, FC_LEFT, note);
}

/* Grey ones first, below the others. */
static void draw_points(cairo_t *cr, const fc_map *m)
{
    for (int named = 0; named < 2; named++)
        for (size_t i = 0; i < m->n; i++)
            if ((m->who[i] < m->nnamed) == named)
                draw_point(cr, m, i);
}

fc_status fc_map_draw(cairo_t *cr, const fc_map *m, size_t *thumbs, fc_error *err)
{
    struct box *taken = calloc(m->n + 1, sizeof *taken), *labels = calloc(m->nnamed + 1, sizeof *labels);
    double *x = calloc(m->n + 1, sizeof *x), *y = calloc(m->n + 1, sizeof *y);
    fc_status s = taken && labels && x && y ? FC_OK : fc_fail_nomem(err, m->n * sizeof *taken);

    *thumbs = 0;
    if (!s) {
        draw_heading(cr, m);
        draw_points(cr, m);
        if (m->set.thumbs)
            draw_thumbs(cr, m, taken, thumbs);
        draw_labels(cr, m, x, y, labels, taken, *thumbs);
        s = fc_ink_status(cr, err);
    }
    free(y);
    free(x);
    free(labels);
    free(taken);
    return s;
}
