/* Pictures and decisions as figures of Prometheus. */
#include <math.h>
#include <time.h>

#include "monitor/figures_impl.h"

/* Upper ends of buckets. */
static const double seconds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5};
static const double cosines[] = {-0.2, -0.15, -0.1, -0.05, 0,    0.05, 0.1,  0.15, 0.2,
                                 0.25, 0.3,   0.35, 0.4,   0.45, 0.5,  0.55, 0.6,  0.65,
                                 0.7,  0.75,  0.8,  0.85,  0.9,  0.95, 1};
static const double numbers[] = {0, 1, 2, 3, 5, 10, 20, 50, 100};
static const double pixels[] = {20, 40, 60, 80, 100, 150, 200, 300, 500, 1000};
#define BOUNDS(table) .bounds = (table), .nbounds = sizeof(table) / sizeof *(table)

enum { PICTURES, IN_PICTURE, FACES, ERRORS, STAGES, SIMILARITY, WIDTH, PEOPLE, LAST, BUILD, FAMILIES };
static const fc_prom_family families[FAMILIES] = {
    [PICTURES] = {.name = "facecheck_pictures_total",
                  .help = "Pictures by what came of them: faces, none, error.",
                  .kind = FC_PROM_COUNTER,
                  .label = {"camera", "result"}},
    [IN_PICTURE] = {.name = "facecheck_picture_faces",
                    .help = "Faces in a picture that could be read.",
                    .kind = FC_PROM_HISTOGRAM,
                    .label = {"camera"},
                    BOUNDS(numbers)},
    [FACES] = {.name = "facecheck_faces_total",
               .help = "Faces by what was decided: match, no_match.",
               .kind = FC_PROM_COUNTER,
               .label = {"camera", "decision", "person"}},
    [ERRORS] = {.name = "facecheck_errors_total",
                .help = "Pictures that failed, by code.",
                .kind = FC_PROM_COUNTER,
                .label = {"camera", "code"}},
    [STAGES] = {.name = "facecheck_stage_duration_seconds",
                .help = "Time that a stage took for a picture.",
                .kind = FC_PROM_HISTOGRAM,
                .label = {"stage"},
                BOUNDS(seconds)},
    [SIMILARITY] = {.name = "facecheck_similarity",
                    .help = "Cosine similarity of a face with who is most similar.",
                    .kind = FC_PROM_HISTOGRAM,
                    .label = {"decision"},
                    BOUNDS(cosines)},
    [WIDTH] = {.name = "facecheck_face_width_pixels",
               .help = "Width of a face's box.",
               .kind = FC_PROM_HISTOGRAM,
               .label = {"camera"},
               BOUNDS(pixels)},
    [PEOPLE] = {.name = "facecheck_gallery_people", .help = "People in the gallery.", .kind = FC_PROM_GAUGE},
    [LAST] = {.name = "facecheck_last_record_timestamp_seconds",
              .help = "When a picture came last.",
              .kind = FC_PROM_GAUGE},
    [BUILD] = {.name = "facecheck_build_info",
               .help = "The version that counts.",
               .kind = FC_PROM_GAUGE,
               .label = {"version"}},
};

fc_status fc_figures_prom_open(fc_figures *f, fc_error *err)
{
    const fc_status s = fc_figure_open(&f->to, families, FAMILIES, err);

    if (s)
        return s;
    if (!f->how.tag_person)
        fc_prom_forget(f->to.prom, "person");
    fc_prom_set(f->to.prom, BUILD, (const char *[]){FC_VERSION}, 1);
    return fc_figure_keep(&f->to, f->how.path, err);
}

void fc_figures_prom_people(fc_figures *f, size_t people)
{
    fc_prom_set(f->to.prom, PEOPLE, NULL, (double)people);
}

static void set_last(fc_figures *f, double when)
{
    struct timespec now;

    if (isnan(when) && !f->how.timings)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    fc_prom_set(f->to.prom, LAST, NULL,
                isnan(when) ? (double)now.tv_sec + floor((double)now.tv_nsec / 1e6) / 1e3 : when);
}

void fc_figures_prom_picture(fc_figures *f, const struct picture *p)
{
    fc_prom_add(f->to.prom, PICTURES, (const char *[]){p->camera, p->result}, 1);
    if (*p->code)
        fc_prom_add(f->to.prom, ERRORS, (const char *[]){p->camera, p->code}, 1);
    else
        fc_prom_observe(f->to.prom, IN_PICTURE, (const char *[]){p->camera}, (double)p->faces);
    for (size_t i = 0; fc_figures_stages[i]; i++)
        fc_prom_observe(f->to.prom, STAGES, (const char *[]){fc_figures_stages[i]},
                        fc_figures_number(p->ms, fc_figures_stages[i]) / 1e3);
    set_last(f, p->time);
}

void fc_figures_prom_decision(fc_figures *f, const struct decision *d)
{
    fc_prom_add(f->to.prom, FACES, (const char *[]){d->camera, d->decision, d->person}, 1);
    fc_prom_observe(f->to.prom, SIMILARITY, (const char *[]){d->decision}, d->similarity);
    fc_prom_observe(f->to.prom, WIDTH, (const char *[]){d->camera}, d->width);
    fc_prom_observe(f->to.prom, STAGES, (const char *[]){"match"}, d->match_ms / 1e3);
}
