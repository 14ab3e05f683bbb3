/* Inside fc-events: visits, and who it was. */
#ifndef CMD_EVENTS_H
#define CMD_EVENTS_H
#include <jansson.h>

#include "answer.h"
#include "gallery.h"
#include "monitor/figure_out.h"
#include "run.h"

enum events_format { EVENTS_JSON, EVENTS_TSV, EVENTS_INFLUX, EVENTS_PROM };

struct events_args {
    struct common_args common;
    const char *model; /* NULL: the gallery's, or the default */
    bool flip, keep_crop, embedding, force, tag_person;
    const char *output; /* of EVENTS_PROM: NULL: stdout */
    fc_track_options track;
    fc_event_options events;
    const char *crops; /* a folder; NULL: none */
    int format;
    struct gallery_args gallery;
    double fpir;      /* NAN: the gallery's, or FC_DEFAULT_FPIR */
    double threshold; /* NAN: by fpir */
    int fuse;
};

/* ---- who it is: events_who.c ---- */

struct known {
    struct people people;
    fc_identify_options how;
    char *model; /* of the gallery's contract; owned, NULL: it says none */
    bool flip;
};
/* Reads the gallery. */
fc_status known_open(struct known *k, const struct events_args *a, fc_error *err);
/* The model that embeds, as far as nobody asked for one. */
fc_status known_model(struct known *k, const struct events_args *a, const fc_models *models, fc_error *err);
/* Sets the threshold, and says which, once the model is known. */
fc_status known_decide(struct known *k, const struct events_args *a, const fc_model_facts *model,
                       fc_error *err);
fc_status known_who(const struct known *k, const float *mean, size_t dim, char **name, double *similarity,
                    fc_error *err);
void known_close(struct known *k);

/* ---- what is written: events_write.c ---- */

/* known: NULL: there is no gallery. */
fc_status events_write(const struct events_args *a, fc_figure_out *f, const struct known *known,
                       const fc_event *e, fc_error *err);
void events_write_header(const struct events_args *a);

/* ---- for dashboards: events_figures.c ---- */

/* For EVENTS_PROM. */
fc_status events_figures_open(const struct events_args *a, fc_figure_out *f, fc_error *err);
fc_status events_count(const struct events_args *a, fc_figure_out *f, const struct known *known,
                       const fc_event *e, fc_error *err);
fc_status events_point(const struct events_args *a, fc_figure_out *f, const struct known *known,
                       const fc_event *e, fc_error *err);

#endif
