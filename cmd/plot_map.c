#include "plot_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/pipeline.h"
#include "plot/ink.h"
#include "plot/picture.h"
#include "plot/project.h"
#include "say.h"
#include "templates.h"

static const double thumb = 26, margin = 16; /* points */
enum { THUMB_PIXELS = 56, MAX_LABEL = 64 };

struct person {
    const char *name;
    size_t pictures;
};

struct map {
    const struct plot_args *args;
    fc_templates t;
    size_t *point; /* [n]: which templates there are */
    size_t n;
    double (*at)[2];       /* [n]: on the page */
    struct person *person; /* [npersons], those with the most pictures first */
    size_t npersons, nnamed;
    size_t *who; /* [n]: of person */
    double width, height, top;
};

static void map_free(struct map *m)
{
    fc_templates_clear(&m->t);
    free(m->point);
    free(m->at);
    free(m->person);
    free(m->who);
}

/* ---- templates ---- */

static fc_status embed(struct map *m, char **operands, int n, fc_error *err)
{
    const struct plot_args *a = m->args;
    const struct run_args *r = &a->common.run;
    fc_pipeline_plan p = {.upto = FC_STAGE_EMBED,
                          .model = a->model,
                          .flip = a->flip,
                          .detect = &a->common.detect,
                          .engine = engine_options_of(&a->common.engine)};
    fc_template_job job = {.choice = (fc_face_choice)a->common.detect.faces,
                           .jobs = fc_jobs(r->jobs),
                           .quiet = r->quiet,
                           .fail_fast = r->fail_fast,
                           .progress = progress_wanted(r->no_progress || r->quiet, false)};
    fc_models *models = NULL;
    fc_status s = fc_source_open(&job.in, &a->common.input, operands, n, err);

    if (!s)
        s = models_open(&models, a->common.engine.models, err);
    p.models = models;
    if (!s)
        s = fc_stages_new(&job.stages, &p, job.jobs, err);
    if (!s)
        s = fc_templates_make(&m->t, &job, err);
    fc_source_close(job.in);
    fc_stages_free(job.stages);
    fc_models_free(models);
    return s;
}

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

static const char *name_of(const struct map *m, size_t i)
{
    const char *name = m->t.image[m->point[i]].person;
    return name ? name : "";
}

/* Who is on each picture, and who gets a colour: those with two pictures or more, the most first. */
static fc_status sort_people(struct map *m, fc_error *err)
{
    size_t n = 0;

    m->point = calloc(m->t.n + 1, sizeof *m->point);
    m->person = calloc(m->t.n + 1, sizeof *m->person);
    m->who = calloc(m->t.n + 1, sizeof *m->who);
    m->at = calloc(m->t.n + 1, sizeof *m->at);
    if (!m->point || !m->person || !m->who || !m->at)
        return fc_fail_nomem(err, m->t.n * sizeof *m->person);
    for (size_t i = 0; i < m->t.n; i++)
        if (m->t.image[i].state == FC_TEMPLATE_MADE)
            m->point[m->n++] = i;
    if (!m->n)
        return fc_fail(err, FC_EFACES, "no face to draw");
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
    while (m->nnamed < n && m->nnamed < (size_t)m->args->named && m->person[m->nnamed].pictures > 1 &&
           *m->person[m->nnamed].name)
        m->nnamed++;
    for (size_t i = 0; i < m->n; i++) {
        m->who[i] = m->nnamed;
        for (size_t k = 0; k < m->nnamed; k++)
            if (!strcmp(m->person[k].name, name_of(m, i)))
                m->who[i] = k;
    }
    return FC_OK;
}

/* ---- places ---- */

static bool show_iterations(void *ctx, int done, int total)
{
    if (progress_due(ctx))
        progress_show("t-SNE: step %d of %d", done, total);
    return true;
}

/* From the projection to the page, at one scale for both directions. */
static fc_status place(struct map *m, fc_error *err)
{
    const struct plot_args *a = m->args;
    float *v = reallocarray(NULL, m->n, m->t.dim * sizeof *v);
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    fc_tsne_options o = FC_TSNE_DEFAULTS;
    fc_status s;

    if (!v)
        return fc_fail_nomem(err, m->n * m->t.dim * sizeof *v);
    for (size_t i = 0; i < m->n; i++)
        memcpy(v + i * m->t.dim, m->t.v + m->point[i] * m->t.dim, m->t.dim * sizeof *v);
    o.perplexity = a->perplexity;
    o.seed = a->seed;
    progress p = progress_begin(progress_wanted(a->common.run.no_progress || a->common.run.quiet, false));
    o.progress = show_iterations;
    o.ctx = &p;
    s = a->method == PLOT_MAP_PCA ? fc_project_pca(m->at, v, m->n, m->t.dim, err)
                                  : fc_project_tsne(m->at, v, m->n, m->t.dim, &o, err);
    progress_clear();
    free(v);
    for (size_t i = 0; i < m->n && !s; i++)
        for (int k = 0; k < 2; k++) {
            low[k] = fmin(low[k], m->at[i][k]);
            high[k] = fmax(high[k], m->at[i][k]);
        }
    const double room = m->args->thumbs ? thumb / 2 + 2 : 6;
    const double w = m->width - 2 * margin - 2 * room, h = m->height - m->top - margin - 2 * room;
    const double scale = fmin(w / fmax(high[0] - low[0], 1e-9), h / fmax(high[1] - low[1], 1e-9));
    for (size_t i = 0; i < m->n && !s; i++) {
        m->at[i][0] = margin + room + w / 2 + (m->at[i][0] - (low[0] + high[0]) / 2) * scale;
        m->at[i][1] = m->top + room + h / 2 - (m->at[i][1] - (low[1] + high[1]) / 2) * scale;
    }
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

static void draw_point(cairo_t *cr, const struct map *m, size_t i)
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
static cairo_surface_t *load_thumb(const fc_template_image *im)
{
    const fc_alignment a = {im->face.has_landmarks ? FC_ALIGN_FIVE_POINT : FC_ALIGN_BOX, 112, 0};
    const fc_image_options any = {.keep_damaged = true}; /* it has an embedding */
    fc_image img = {0}, crop = {0};
    cairo_surface_t *face = NULL;

    if (!fc_image_load(&img, im->path, &any, NULL) && !fc_align(&crop, &img, &im->face, &a, NULL))
        face = fc_picture_scaled(&crop, THUMB_PIXELS, THUMB_PIXELS);
    fc_image_clear(&crop);
    fc_image_clear(&img);
    return face;
}

static void draw_thumb(cairo_t *cr, const struct map *m, size_t i, cairo_surface_t *face, const struct box *b)
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
static void draw_thumbs(cairo_t *cr, const struct map *m, struct box *taken, size_t *ntaken)
{
    for (int named = 1; named >= 0; named--)
        for (size_t i = 0; i < m->n; i++) {
            struct box b = {m->at[i][0] - thumb / 2, m->at[i][1] - thumb / 2, thumb, thumb};
            bool room = (m->who[i] < m->nnamed) == named;
            for (size_t k = 0; k < *ntaken && room; k++)
                room = !overlap(&b, &taken[k]);
            cairo_surface_t *face = room ? load_thumb(&m->t.image[m->point[i]]) : NULL;
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
static double cost(const struct map *m, const struct box *b, const struct box *labels, size_t nlabels,
                   const struct box *taken, size_t ntaken)
{
    double c = 0;

    for (size_t k = 0; k < ntaken; k++)
        c += overlap(b, &taken[k]) ? 12 : 0;

    for (size_t k = 0; k < nlabels; k++)
        c += overlap(b, &labels[k]) ? 1000 : 0;
    if (b->x < 4 || b->y < m->top - 4 || b->x + b->w > m->width - 4 || b->y + b->h > m->height - 4)
        c += 2000;
    for (size_t i = 0; i < m->n; i++) {
        const struct box p = {m->at[i][0] - 2, m->at[i][1] - 2, 4, 4};
        if (overlap(b, &p))
            c += m->who[i] < m->nnamed ? 3 : 0.2;
    }
    return c;
}

/* Names beside their people, at the nearest place that hides little. */
static void draw_labels(cairo_t *cr, const struct map *m, double *x, double *y, struct box *labels,
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

static fc_status draw(cairo_t *cr, const struct map *m, fc_error *err)
{
    const struct plot_args *a = m->args;
    struct box *taken = calloc(m->n + 1, sizeof *taken), *labels = calloc(m->nnamed + 1, sizeof *labels);
    double *x = calloc(m->n + 1, sizeof *x), *y = calloc(m->n + 1, sizeof *y);
    size_t ntaken = 0;
    char note[160];
    fc_status s = taken && labels && x && y ? FC_OK : fc_fail_nomem(err, m->n * sizeof *taken);

    if (!s) {
        fc_ink_grey(cr, 0);
        fc_font(cr, 13, true);
        fc_text_fit(cr, margin, 22, m->width - 2 * margin, a->title ? a->title : "Map of embeddings");
        if (a->method == PLOT_MAP_PCA)
            snprintf(note, sizeof note, "%zu faces of %zu people; principal components", m->n, m->npersons);
        else
            snprintf(note, sizeof note, "%zu faces of %zu people; t-SNE, perplexity %g, seed %llu", m->n,
                     m->npersons, a->perplexity, (unsigned long long)a->seed);
        fc_ink_grey(cr, 0.35);
        fc_font(cr, 10, false);
        fc_text(cr, margin, 37, FC_LEFT, note);
        for (size_t i = 0; i < m->n; i++)
            if (m->who[i] == m->nnamed)
                draw_point(cr, m, i);
        for (size_t i = 0; i < m->n; i++)
            if (m->who[i] < m->nnamed)
                draw_point(cr, m, i);
        if (a->thumbs)
            draw_thumbs(cr, m, taken, &ntaken);
        if (a->thumbs && !ntaken)
            say("--thumbs: none of the pictures can be read again");
        draw_labels(cr, m, x, y, labels, taken, ntaken);
    }
    free(y);
    free(x);
    free(labels);
    free(taken);
    return s;
}

fc_status plot_map(const struct plot_args *args, fc_page_format format, char **operands, int n, int *code,
                   fc_error *err)
{
    struct map m = {.args = args,
                    .width = args->width > 0 ? args->width : 720,
                    .height = args->height > 0 ? args->height : 640,
                    .top = 46};
    fc_canvas *canvas = NULL;
    fc_status s = embed(&m, operands, n, err);

    if (!s && !(s = sort_people(&m, err)) && !(s = place(&m, err)) &&
        !(s = fc_canvas_new(&canvas, format, m.width, m.height, args->scale, err)) &&
        !(s = draw(fc_canvas_cairo(canvas), &m, err))) {
        s = fc_canvas_save(canvas, args->output, err);
        canvas = NULL;
    }
    fc_canvas_free(canvas);
    for (size_t i = 0; i < m.t.n; i++)
        if (m.t.image[i].state == FC_TEMPLATE_NOT_DECODED || m.t.image[i].state == FC_TEMPLATE_NOT_EMBEDDED)
            *code = EXIT_PARTLY;
    map_free(&m);
    return s;
}
