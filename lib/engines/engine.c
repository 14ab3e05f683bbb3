#include "engines/engine.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "engines/engine_impl.h"
#include "kernels/precision_names.h"

static const fc_engine_options defaults = {0};

static const struct {
    const char *name;
    const fc_engine *engine;
} engines[] = {
#define ROW(file, name) {name, &fc_engine_##file},
    FC_EACH_ENGINE(ROW)
#undef ROW
};
enum { ENGINES = sizeof engines / sizeof *engines };

const char *const fc_precision_names[] = FC_NAMES_TABLE(FC_PRECISIONS);

const char *fc_precision_name(fc_precision p)
{
    return p == FC_PRECISION_INT16  ? FC_PRECISION_NAME_INT16
           : p == FC_PRECISION_INT8 ? FC_PRECISION_NAME_INT8
                                    : fc_precision_names[p];
}

/* ---- the table ---------------------------------------------------------------------------------------- */

static bool is_named(const fc_engine_options *o)
{
    return o->engine && strcmp(o->engine, FC_ENGINE_AUTO) != 0;
}

/* NULL where there is none: FC_EUSAGE. */
static const fc_engine *find(const char *name, fc_error *err)
{
    for (size_t i = 0; i < ENGINES; i++)
        if (strcmp(name, engines[i].name) == 0)
            return engines[i].engine;
    fc_fail(err, FC_EUSAGE, "no engine '%s' (there are " FC_ENGINE_LIST ")", name);
    return NULL;
}

static const char *name_of(const fc_engine *e)
{
    size_t i = 0;

    while (engines[i].engine != e)
        i++;
    return engines[i].name;
}

/* Of those that run graphs: the first that is made for this CPU. */
static const fc_engine *best(void)
{
    for (size_t i = 0; i < ENGINES; i++)
        if (engines[i].engine->compile && engines[i].engine->suits())
            return engines[i].engine;
    return engines[0].engine;
}

const char *fc_engine_name(size_t i)
{
    return i < ENGINES ? engines[i].name : NULL;
}

const char *fc_engine_best(void)
{
    return name_of(best());
}

fc_status fc_engine_available(const char *name, fc_error *err)
{
    const fc_engine *e = find(name, err);

    return e ? e->available(err) : FC_EUSAGE;
}

static void describe(fc_engine_facts *f, const fc_engine *e)
{
    *f = (fc_engine_facts){.engine = name_of(e), .device = "cpu"};
    e->describe(f);
}

fc_status fc_engine_describe(fc_engine_facts *out, const char *name, fc_error *err)
{
    const fc_engine *e = find(name, err);
    fc_status s = e ? e->available(err) : FC_EUSAGE;

    *out = (fc_engine_facts){0};
    if (!s)
        describe(out, e);
    return s;
}

bool fc_engine_wants_files(const char *name)
{
    const fc_engine *e = find(name, NULL);

    return e && !e->compile;
}

/* ---- facts -------------------------------------------------------------------------------------------- */

void fc_engine_text(char out[FC_ENGINE_TEXT], const fc_engine_facts *f)
{
    const bool elsewhere = strcmp(f->device, "cpu") != 0;

    snprintf(out, FC_ENGINE_TEXT, "%s %s %s%s%s", f->engine, f->version, fc_precision_name(f->precision),
             elsewhere ? " " : "", elsewhere ? f->device : "");
}

void fc_net_begin(fc_net *n, const fc_engine *engine, fc_precision precision, const char *device,
                  const char *isa)
{
    n->engine = engine;
    describe(&n->facts, engine);
    n->facts.precision = precision;
    n->facts.isa = isa;
    snprintf(n->facts.device, sizeof n->facts.device, "%s", device ? device : "cpu");
    fc_engine_text(n->description, &n->facts);
}

/* ---- nets --------------------------------------------------------------------------------------------- */

fc_status fc_net_compile(fc_net **out, const fc_graph *g, const fc_weights *w, const fc_engine_options *opt,
                         fc_error *err)
{
    const fc_engine *engine;
    fc_status s = fc_graph_check(g, err);

    *out = NULL;
    if (!opt)
        opt = &defaults;
    if (s)
        return s;
    engine = is_named(opt) ? find(opt->engine, err) : best();
    if (!engine)
        return FC_EUSAGE;
    if (!engine->compile)
        return fc_fail(err, FC_EUNSUPPORTED, "engine '%s' runs whole files (ONNX), not weights",
                       name_of(engine));
    return engine->compile(out, g, w, opt, err);
}

/* The engine that runs such a program. */
static fc_status find_runner(const fc_engine **out, fc_program kind, const char *name, const char *format,
                             const fc_engine_options *opt, fc_error *err)
{
    const fc_engine *runner = engines[0].engine, *wanted;

    for (size_t i = 0; i < ENGINES; i++)
        if (engines[i].engine->load[kind])
            runner = engines[i].engine;
    *out = runner;
    if (!is_named(opt))
        return FC_OK;
    wanted = find(opt->engine, err);
    if (!wanted)
        return FC_EUSAGE;
    if (!wanted->load[kind])
        return fc_fail(err, FC_EUSAGE, "%s: engine '%s' does not run %s, %s does", name, name_of(wanted),
                       format, name_of(runner));
    *out = wanted;
    return FC_OK;
}

fc_status fc_net_load(fc_net **out, int *dim, fc_program kind, const void *bytes, size_t n, const char *name,
                      const int chw[3], const fc_engine_options *opt, fc_error *err)
{
    const char *format = kind == FC_PROGRAM_ONNX ? "ONNX" : "TorchScript";
    const fc_engine *engine;
    fc_status s;

    *out = NULL;
    if (!opt)
        opt = &defaults;
    if (opt->precision == FC_PRECISION_BF16)
        return fc_fail(err, FC_EUNSUPPORTED,
                       "%s: %s runs in the precision that it is written in, not in bf16", name, format);
    s = find_runner(&engine, kind, name, format, opt, err);
    return s ? s : engine->load[kind](out, dim, bytes, n, name, chw, opt, err);
}

void fc_net_free(fc_net *n)
{
    if (n)
        n->engine->net_free(n);
}

const fc_engine_facts *fc_net_facts(const fc_net *n)
{
    return &n->facts;
}

const char *fc_net_engine(const fc_net *n)
{
    return n->description;
}

fc_precision fc_net_precision(const fc_net *n)
{
    return n->facts.precision;
}

int fc_net_layers(const fc_net *n)
{
    return n->engine->layers ? n->engine->layers(n) : 0;
}

void fc_net_layer(const fc_net *n, int i, fc_layer_facts *out)
{
    n->engine->layer(n, i, out);
}

int fc_net_batch(const fc_net *n)
{
    return n->engine->batch ? n->engine->batch(n) : 1;
}

/* ---- sessions ----------------------------------------------------------------------------------------- */

fc_status fc_session_new(fc_session **out, const fc_net *n, fc_error *err)
{
    return n->engine->session_new(out, n, err);
}

fc_status fc_session_new_batch(fc_session **out, const fc_net *n, fc_error *err)
{
    return n->engine->batch ? n->engine->session_new_batch(out, n, err) : n->engine->session_new(out, n, err);
}

void fc_session_free(fc_session *s)
{
    if (s)
        s->engine->session_free(s);
}

float *fc_session_input(fc_session *s)
{
    return s->input;
}

fc_status fc_session_run(fc_session *s, fc_error *err)
{
    return s->engine->run(s, err);
}

fc_status fc_session_run_batch(fc_session *s, int n, fc_error *err)
{
    return s->engine->batch ? s->engine->run_batch(s, n, err) : s->engine->run(s, err);
}

fc_status fc_session_run_timed(fc_session *s, int n, double *ms, fc_error *err)
{
    return s->engine->run_timed ? s->engine->run_timed(s, n, ms, err) : fc_session_run_batch(s, n, err);
}

const float *fc_session_output(const fc_session *s, int i)
{
    return s->output[i];
}

float *fc_session_input_of(fc_session *s, int number)
{
    return s->input + (size_t)number * s->floats;
}

const float *fc_session_output_of(const fc_session *s, int number, int i)
{
    return s->output[number * s->outputs + i];
}
