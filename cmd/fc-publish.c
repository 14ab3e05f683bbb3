/* fc-publish: lines of the tools to a broker of MQTT. */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"
#include "option_rows.h"
#include "options.h"
#include "publish.h"
#include "say.h"

static struct publish_args args = {
    .broker = "mqtt://localhost", .topic = PUBLISH_PREFIX "/{camera}/{kind}", .spool_mb = 64, .drain = 30};

static const char *const discoveries[] = {"none", "homeassistant", NULL};

#define AT(field) offsetof(struct publish_args, field)
static const option broker_options[] = {
    {"broker", 'b', OPTION_TEXT, .arg = "URL", .at = AT(broker),
     .help = "mqtt://HOST[:PORT], or mqtts:// for TLS, which is verified (mqtt://localhost)"},
    {"credentials", .kind = OPTION_FILE, .arg = "FILE", .at = AT(credentials), .role = OPTION_SECRET,
     .help = "two lines, user and password, in a file that its owner alone may read (nobody)"},
    {"cafile", .kind = OPTION_FILE, .arg = "FILE", .at = AT(cafile),
     .help = "the certificates that the broker's is verified by, PEM (the system's)"},
    {"cert", .kind = OPTION_FILE, .arg = "FILE", .at = AT(cert),
     .help = "a certificate of one's own, PEM, with --key"},
    {"key", .kind = OPTION_FILE, .arg = "FILE", .at = AT(key), .role = OPTION_SECRET, .help = "its key"},
    {0},
};
static const option message_options[] = {
    {"topic", 't', OPTION_TEXT, .arg = "TEMPLATE", .at = AT(topic),
     .help = "where a line goes; {node}, {camera}, {kind}, {type} and {person} stand for what the line says "
             "(" PUBLISH_PREFIX "/{camera}/{kind})"},
    {"node", .kind = OPTION_TEXT, .arg = "NAME", .at = AT(node), .help = "{node} (this machine's name)"},
    {"whole", .at = AT(whole), .role = OPTION_ALLOWS,
     .help = "send lines as they are, with embeddings, crops and paths"},
    {"discovery", .kind = OPTION_CHOICE, .arg = "WHOSE", .at = AT(discovery), .choices = discoveries,
     .help = "tell homeassistant of each camera, or none (none)"},
    {0},
};
static const option spool_options[] = {
    {"spool", .kind = OPTION_OUTPUT, .arg = "FILE", .at = AT(spool),
     .help = "keep what is not delivered in FILE, where the next run finds it (in memory)"},
    {"spool-size", .kind = OPTION_INT, .arg = "MB", .at = AT(spool_mb), .min = 1, .max = 65536,
     .help = "the most that waits; while the broker is away the oldest goes for the newest (64)"},
    {"drain", .kind = OPTION_INT, .arg = "SECONDS", .at = AT(drain), .min = 0, .max = 86400,
     .help = "how long to try, at the end or after a signal, to deliver what waits (30)"},
    ROW_QUIET(AT(quiet), ""),
    {0},
};
static const option_group groups[] = {{"Broker", broker_options, &args},
                                      {"Messages", message_options, &args},
                                      {"Run", spool_options, &args},
                                      {0}};

static const program self = {
    .name = "fc-publish",
    .summary = "Publish records, decisions and events by MQTT.",
    .operands = "[FILE|-]...",
    .operand = OPTION_FILE,
    .groups = groups,
};

static fc_status check_args(struct publish *p, fc_error *err)
{
    int stdins = 0;
    fc_status s = fc_topic_check(args.topic, err);

    if (!s)
        s = broker_read_url(&p->broker, args.broker, err);
    if (s)
        return s;
    if (!p->broker.tls && (args.cafile || args.cert || args.key))
        return fc_fail(err, FC_EUSAGE, "--cafile, --cert and --key: are for mqtts://");
    if (!args.cert != !args.key)
        return fc_fail(err, FC_EUSAGE, "--cert and --key: want both");
    for (int i = 0; i < p->noperands; i++)
        stdins += !strcmp(p->operands[i], "-");
    if (stdins > 1)
        return fc_fail(err, FC_EUSAGE, "-: stdin is read already");
    s = broker_check_files(&args, err);
    return s || !args.credentials ? s : broker_read_credentials(&p->broker, args.credentials, err);
}

static fc_status name_node(struct publish *p, fc_error *err)
{
    char host[HOST_NAME_MAX + 1] = "";

    if (!args.node && gethostname(host, sizeof host - 1))
        return fc_fail_errno(err, "gethostname");
    p->node = strdup(args.node ? args.node : host);
    if (!p->node)
        return fc_fail_nomem(err, 0);
    return fc_topic_make(&p->status, PUBLISH_PREFIX "/status", &(fc_topic_names){.node = p->node}, err);
}

/* Signals are waited for, on this thread alone. */
static fc_status take_signals(struct publish *p, fc_error *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return p->signals < 0 ? fc_fail_errno(err, "signalfd") : FC_OK;
}

static fc_status work(struct publish *p, fc_error *err)
{
    pthread_t reader;
    fc_status s;

    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->stop = eventfd(0, EFD_CLOEXEC);
    if (p->wake < 0 || p->stop < 0)
        return fc_fail_errno(err, "eventfd");
    s = take_signals(p, err);
    if (s)
        return s;
    const int why = pthread_create(&reader, NULL, publish_read, p);
    if (why)
        return fc_fail(err, FC_EIO, "a thread cannot be started: %s", strerror(why));
    s = publish_send(p, err);
    publish_stop_reading(p);
    pthread_join(reader, NULL);
    return s;
}

/* What became of it all. */
static int report(const struct publish *p)
{
    const size_t left = fc_spool_count(p->spool);

    if (p->dropped)
        say("%zu messages were dropped: too large, or without room to wait", p->dropped);
    if (left)
        say("%zu messages are not delivered%s", left, args.spool ? "; they wait in the spool" : "");
    return p->dropped || p->refused || left ? EXIT_PARTLY : EXIT_DONE;
}

int main(int argc, char **argv)
{
    static char *standard[] = {"-"};
    struct publish p = {.args = &args,
                        .wake = -1,
                        .stop = -1,
                        .signals = -1,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .room = PTHREAD_COND_INITIALIZER};
    fc_error err;
    const int n = options_or_exit(&self, argc, argv);
    int code;
    fc_status s;

    be_quiet(args.quiet);
    p.operands = n ? argv : standard;
    p.noperands = n ? n : 1;
    s = check_args(&p, &err);
    if (!s)
        s = name_node(&p, &err);
    if (!s)
        s = fc_spool_open(&p.spool, args.spool, (uint64_t)args.spool_mb << 20, &err);
    if (!s)
        s = work(&p, &err);
    code = s ? program_error(&self, &err) : EXIT_DONE;
    if (p.spool) {
        const int left = report(&p);
        code = code == EXIT_DONE ? left : code;
    }
    fc_spool_close(p.spool);
    if (p.wake >= 0)
        close(p.wake);
    if (p.stop >= 0)
        close(p.stop);
    if (p.signals >= 0)
        close(p.signals);
    free(p.node);
    free(p.status);
    return close_stdout(code);
}
