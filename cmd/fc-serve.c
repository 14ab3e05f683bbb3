/* fc-serve: answers over HTTP, with the models loaded once. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/threads.h"
#include "face_options.h"
#include "option_rows.h"
#include "run.h"
#include "say.h"
#include "serve.h"

static struct serve_args args = {.detect = FC_FACE_OPTIONS_DEFAULTS,
                                 .detect.hints = &option_hints,
                                 .max_upload = 10 << 20,
                                 .max_files = 16,
                                 .max_connections = 100,
                                 .read_time = 10,
                                 .total_time = 30};

#define AT(field) offsetof(struct serve_args, field)
static const option own_options[] = {
    {"listen", .kind = OPTION_TEXT, .arg = "ADDRESS", .at = AT(listen), .role = OPTION_ASIDE,
     .help = "where to listen; port 0 is any that is free (127.0.0.1:6000)"},
    {"unix", .kind = OPTION_FILE, .arg = "PATH", .at = AT(unix_path), .role = OPTION_ASIDE,
     .help = "listen on a local socket, for its owner only"},
    {"token-file", .kind = OPTION_FILE, .arg = "FILE", .at = AT(token_file),
     .role = OPTION_ASIDE | OPTION_SECRET,
     .help = "answer those who send the token that is in FILE; without one only this machine may ask"},
    {"check", .at = AT(check), .role = OPTION_ASIDE | OPTION_ONCE,
     .help = "do not serve, but ask the server that listens there whether it answers"},
    ROW_JOBS(AT(jobs), "requests to work on at the same time"),
    {"queue", .kind = OPTION_INT, .arg = "N", .at = AT(waiting), .min = 1, .max = 10000, .role = OPTION_ASIDE,
     .help = "requests that wait at most, beyond which the answer is 503 (twice --jobs)"},
    ROW_MODEL(AT(model), "the gallery's, or " FC_DEFAULT_MODEL),
    ROW_FLIP(AT(flip)),
    ROW_QUIET(AT(quiet), ", nor a line for each request"),
    {0},
};
static const option people_options[] = {
    ROW_OWN_GALLERY(AT(gallery.path), "the people whom /v1/identify knows"),
    {"writable", .at = AT(writable), .role = OPTION_ALLOWS,
     .help = "people and photos of the gallery may be added, changed and removed"},
    {0},
};
static const option limit_options[] = {
    {"max-upload", .kind = OPTION_COUNT, .arg = "BYTES", .at = AT(max_upload), .min = 1024, .max = 1 << 30,
     .help = "largest file of a request (10485760)"},
    {"max-files", .kind = OPTION_INT, .arg = "N", .at = AT(max_files), .min = 1, .max = 1000,
     .help = "files of a request (16)"},
    {"max-connections", .kind = OPTION_INT, .arg = "N", .at = AT(max_connections), .min = 1, .max = 10000,
     .role = OPTION_ASIDE, .help = "open connections; others wait (100)"},
    {"read-time", .kind = OPTION_REAL, .arg = "SECONDS", .at = AT(read_time), .min = 0.1, .max = 3600,
     .role = OPTION_ASIDE, .help = "until a request is there as a whole (10)"},
    {"total-time", .kind = OPTION_REAL, .arg = "SECONDS", .at = AT(total_time), .min = 0.1, .max = 3600,
     .role = OPTION_ASIDE, .help = "until its answer is sent (30)"},
    {0},
};

/* Detection with another default for --max-pixels. */
static option detection[DETECT_OPTIONS];

static const option_group groups[] = {{"Serving", own_options, &args},
                                      {"People", people_options, &args},
                                      {"Sealed galleries", key_options, &args.gallery},
                                      {"Limits", limit_options, &args},
                                      {"Detection", detection, &args.detect},
                                      {"Models", engine_options, &args.engine},
                                      {0}};

static const program self = {
    .name = "fc-serve",
    .summary = "Answer over HTTP: find, compare and name faces, with the models loaded once.",
    .operands = "",
    .operand = OPTION_TEXT,
    .groups = groups,
};

static void set_defaults(void)
{
    args.detect.max_pixels = 50000000;
    memcpy(detection, detect_options, sizeof detection);
    for (option *o = detection; o->name; o++)
        if (!strcmp(o->name, "max-pixels"))
            o->help = "refuse larger pictures before they are decoded (50000000)";
}

/* ---- models ---- */

/* The model, loaded, so that what is wrong with it is told now. */
static fc_status open_models(struct serve *s, fc_error *err)
{
    fc_pipeline_plan p = {.upto = FC_STAGE_EMBED,
                          .engine = engine_options_of(&args.engine),
                          .detect = &args.detect,
                          .flip = args.flip,
                          .times = true,
                          .no_files = true};
    const char *contract = s->people ? s->people->people.contract : "";
    const fc_engine_facts *engine;
    fc_status st = models_open(&s->models, args.engine.models, err);

    if (!st && !args.model && !args.flip)
        st = fc_contract_model(s->models, contract, (fc_precision)args.engine.precision, &s->of_gallery,
                               &p.flip, err);
    p.model = s->model = args.model ? args.model : s->of_gallery ? s->of_gallery : FC_DEFAULT_MODEL;
    s->flip = p.flip;
    p.models = s->models;
    if (!st)
        st = fc_stages_new(&s->stages, &p, s->jobs, err);
    return st ? st : fc_stages_engine(s->stages, &engine, err);
}

static fc_status check_args(int operands, fc_error *err)
{
    if (operands)
        return fc_fail(err, FC_EUSAGE, "no operands are taken");
    if (args.writable && !args.gallery.path)
        return fc_fail(err, FC_EUSAGE, "--writable: wants -g GALLERY");
    if (!args.gallery.path && (args.gallery.key_file || args.gallery.key_command))
        return fc_fail(err, FC_EUSAGE, "--key-file and --key-command: want -g GALLERY");
    return FC_OK;
}

static fc_status open_all(struct serve *s, fc_error *err)
{
    fc_status st = FC_OK;

    if (args.token_file)
        st = serve_read_token(&s->token, args.token_file, err);
    if (!st && args.gallery.path)
        st = gallery_secret(&s->secret, &args.gallery, err);
    if (!st && args.gallery.path)
        st = people_load(s, err);
    if (!st)
        st = open_models(s, err);
    if (!st && s->people) /* once more, to be held against the model */
        st = people_load(s, err);
    return st;
}

static void close_all(struct serve *s)
{
    fc_stages_free(s->stages);
    fc_models_free(s->models);
    if (s->people)
        people_give(s, s->people);
    fc_metrics_free(s->metrics);
    fc_secret_free(s->secret);
    free(s->of_gallery);
    free(s->token);
}

/* Whether the options that decide results are those that tools have by themselves. */
static bool is_plain(const struct serve *s, const struct serve_args *defaults)
{
    const char *variable;

    return options_same(detect_options, &args.detect, &defaults->detect) &&
           options_same(engine_options, &args.engine, &defaults->engine) && !isa_allowed(&variable) &&
           !s->flip && !strcmp(s->model, FC_DEFAULT_MODEL);
}

/* ---- signals ---- */

/* They are waited for, on this thread alone. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void wait_for_end(struct serve *s, const sigset_t *set)
{
    fc_error err;
    int signal;

    while (!sigwait(set, &signal) && signal == SIGHUP) {
        if (!args.gallery.path)
            continue;
        if (people_load(s, &err))
            say("%s; the people are those of before", err.message);
        else
            note("%s: read again", args.gallery.path);
    }
    note("going down");
}

/* --check. */
static int check(int operands)
{
    fc_error err;
    fc_status st = check_args(operands, &err);

    if (!st)
        st = serve_check(&args, &err);
    if (!st)
        return EXIT_DONE;
    if (st == FC_EUSAGE)
        return program_error(&self, &err);
    say("%s", err.message);
    return EXIT_NO;
}

/* An address that cannot be had is told before the models are loaded; who asks meanwhile waits. */
static int serve(struct serve *s, const struct serve_args *defaults, int operands)
{
    sigset_t set;
    char where[80];
    fc_error err;
    int fd = -1, code = EXIT_DONE;

    block_signals(&set);
    if (check_args(operands, &err) || serve_listen(&args, &fd, where, &err))
        return program_error(&self, &err);
    if (open_all(s, &err)) {
        serve_unlisten(&args);
        return program_error(&self, &err);
    }
    s->plain = is_plain(s, defaults);
    if (serve_start(s, fd, &err)) {
        code = say_error(&err);
    } else {
        note("listening on %s", where);
        wait_for_end(s, &set);
    }
    serve_unlisten(&args);
    serve_stop(s);
    return code;
}

int main(int argc, char **argv)
{
    static struct serve_args defaults;
    struct serve s = {.args = &args};

    set_defaults();
    defaults = args;
    const int n = options_or_exit(&self, argc, argv);
    be_quiet(args.quiet);
    if (args.check)
        return check(n);
    s.jobs = fc_jobs(args.jobs);
    s.limits = (fc_form_limits){.files = (size_t)args.max_files, .file_bytes = (size_t)args.max_upload};
    s.metrics = fc_metrics_new();
    pthread_mutex_init(&s.people_lock, NULL);
    pthread_mutex_init(&s.writing, NULL);
    pthread_mutex_init(&s.watch_lock, NULL);
    if (!s.metrics)
        end_without_memory();
    const int code = serve(&s, &defaults, n);
    close_all(&s);
    return close_stdout(code);
}
