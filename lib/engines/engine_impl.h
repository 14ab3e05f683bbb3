/* What an engine gives to engine.c: a row of its table. */
#ifndef FC_ENGINES_ENGINE_IMPL_H
#define FC_ENGINES_ENGINE_IMPL_H
#include "engines/engine.h"
#include "engines/engine_names.h"

enum { FC_PROGRAMS = 2 }; /* kinds of fc_program */

typedef struct fc_engine {
    /* FC_OK, or why this build or this machine does not have it. What it needs is loaded by asking. */
    fc_status (*available)(fc_error *err);
    /* Whether it is made for this CPU, so that it may be chosen where none is named. */
    bool (*suits)(void);
    /* Its version, and its device where that is not the CPU; its name is there, the rest is a net's. Only where it is
     * available. */
    void (*describe)(fc_engine_facts *f);
    /* NULL: it runs no graphs. The graph has passed fc_graph_check; opt is never NULL. */
    fc_status (*compile)(fc_net **out, const fc_graph *g, const fc_weights *w, const fc_engine_options *opt,
                         fc_error *err);
    /* By kind of program; NULL: it does not run that. */
    fc_status (*load[FC_PROGRAMS])(fc_net **out, int *dim, const void *bytes, size_t n, const char *name,
                                   const int chw[3], const fc_engine_options *opt, fc_error *err);
    void (*net_free)(fc_net *n);
    fc_status (*session_new)(fc_session **out, const fc_net *n, fc_error *err);
    void (*session_free)(fc_session *s);
    fc_status (*run)(fc_session *s, fc_error *err);
    /* NULL: it takes one input at a time. See fc_net_batch, fc_session_new_batch and fc_session_run_batch. */
    int (*batch)(const fc_net *n);
    fc_status (*session_new_batch)(fc_session **out, const fc_net *n, fc_error *err);
    fc_status (*run_batch)(fc_session *s, int n, fc_error *err);
    /* NULL: it does not tell. See fc_net_layers and fc_session_run_timed. */
    int (*layers)(const fc_net *n);
    void (*layer)(const fc_net *n, int i, fc_layer_facts *out);
    fc_status (*run_timed)(fc_session *s, int n, double *ms, fc_error *err);
} fc_engine;

/* The first member of every engine's net and session. */
struct fc_net {
    const fc_engine *engine;
    fc_engine_facts facts;
    char description[FC_ENGINE_TEXT]; /* of the facts */
};

struct fc_session {
    const fc_engine *engine;
    float *input;         /* [batch][floats] */
    const float **output; /* [batch][outputs] */
    size_t floats;        /* set where there is a batch */
    int outputs;
};

#define FC_ENGINE_DECLARED(file, name) extern const fc_engine fc_engine_##file;
FC_EACH_ENGINE(FC_ENGINE_DECLARED)
#undef FC_ENGINE_DECLARED

/* Fills in engine, facts and description of a net that is being made. device NULL: cpu. */
void fc_net_begin(fc_net *n, const fc_engine *engine, fc_precision precision, const char *device,
                  const char *isa);

#endif
