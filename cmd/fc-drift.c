/* fc-drift: how far the scores, sizes and times of a system moved. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/stats.h"
#include "monitor/drift_report.h"
#include "option_rows.h"
#include "facecheck.h"
#include "pipeline/record.h"
#include "say.h"

struct drift_args {
    int bins, format;
    const char *output;
    fc_texts asserts;
    bool quiet;
};
static struct drift_args args = {.bins = FC_DRIFT_BINS};

#define AT(field) offsetof(struct drift_args, field)
static const option own_options[] = {
    {"bins", .kind = OPTION_INT, .arg = "N", .at = AT(bins), .min = 2, .max = FC_DRIFT_MAX_BINS,
     .help = "bins of psi, each with the same share of BASE; wants 50 N samples of each side (10)"},
    {"assert", .kind = OPTION_TEXTS, .arg = "EXPR", .at = AT(asserts), .role = OPTION_ASIDE | OPTION_ONCE,
     .help = "fail with exit status 1 unless FIGURE(VALUE)>=NUMBER, or <=, >, <, == holds; may be repeated"},
    ROW_REPORT_FORMAT(AT(format)),
    ROW_REPORT_OUTPUT(AT(output)),
    ROW_QUIET(AT(quiet), ""),
    {0},
};
static const option_group groups[] = {{"Options", own_options, &args}, {0}};

static const program self = {
    .name = "fc-drift",
    .summary = "Measure how far scores, sizes and times moved between two sets of lines.",
    .operands = "BASE NOW",
    .operand = OPTION_FILE,
    .groups = groups,
};

/* ---- the table ---- */

static void print_values(const fc_drift_result *r)
{
    printf("%-20s %9s %9s %11s %11s %8s %8s %8s %8s\n", "value", "base", "now", "base median", "now median",
           "psi", "noise", "ks", "p");
    for (size_t i = 0; i < FC_DRIFT_N; i++) {
        const fc_drift *d = &r->value[i];
        if (!d->base && !d->now)
            continue;
        printf("%-20s %9zu %9zu", fc_drift_names[i], d->base, d->now);
        if (d->bins)
            printf(" %11.4f %11.4f %8.4f %8.4f %8.4f %8.2g\n", d->base_quantile[1], d->now_quantile[1],
                   d->psi, d->noise, d->ks, d->p);
        else
            printf(" %s\n", "too few samples");
    }
}

static void print_rate(const char *name, uint64_t k, uint64_t n, uint64_t k_now, uint64_t n_now)
{
    const fc_interval base = fc_clopper_pearson(k, n, FC_CONFIDENCE),
                      now = fc_clopper_pearson(k_now, n_now, FC_CONFIDENCE);

    if (n && n_now)
        printf("%-20s %9.4f %9.4f  %.4f..%.4f %.4f..%.4f\n", name, (double)k / (double)n,
               (double)k_now / (double)n_now, base.low, base.high, now.low, now.high);
}

static void print_table(const fc_drift_result *r)
{
    const fc_drift_set *b = r->base, *n = r->now;

    print_values(r);
    printf("\n%-20s %9s %9s  %s\n", "rate", "base", "now", "95 % intervals");
    print_rate("no_face", b->faceless, b->pictures, n->faceless, n->pictures);
    print_rate("match", b->matched, b->decided, n->matched, n->decided);
    print_rate("failed", b->failed, b->lines, n->failed, n->lines);
}

/* ---- the work ---- */

static fc_status read_set(fc_drift_set *s, const char *path, fc_error *err)
{
    return fc_drift_set_read(s, strcmp(path, "-") ? path : NULL, err);
}

static fc_status run_checks(fc_checks *c, const fc_drift_result *r, fc_error *err)
{
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < args.asserts.n; i++)
        s = fc_drift_assert(c, args.asserts.text[i], r, err);
    for (size_t i = 0; i < c->n; i++)
        if (c->check[i].failure)
            say("%s", c->check[i].failure);
    return s;
}

static fc_status give_report(const fc_drift_result *result, fc_error *err)
{
    fc_report report = {0};
    fc_status s = fc_drift_report(&report, result, err);
    const fc_record whole = {report.json};

    if (!s && args.output)
        s = fc_report_save(&report, args.output, err);
    if (!s && args.format == REPORT_JSON)
        s = fc_record_write(&whole, stdout, err);
    else if (!s)
        print_table(result);
    fc_report_clear(&report);
    return s;
}

static fc_status check_args(char **operands, int n, fc_error *err)
{
    fc_status s = FC_OK;

    if (n != 2)
        return fc_fail(err, FC_EUSAGE, "want BASE and NOW, got %d operands", n);
    if (!strcmp(operands[0], "-") && !strcmp(operands[1], "-"))
        return fc_fail(err, FC_EUSAGE, "-: stdin is BASE already");
    for (size_t i = 0; !s && i < args.asserts.n; i++)
        s = fc_drift_assertion_check(args.asserts.text[i], err);
    return s;
}

static fc_status compare(char **operands, fc_checks *checks, fc_error *err)
{
    fc_drift_set base = {0}, now = {0};
    fc_drift_result result;
    fc_status s = read_set(&base, operands[0], err);

    if (!s)
        s = read_set(&now, operands[1], err);
    if (!s)
        s = fc_drift_compare_sets(&result, &base, &now, (size_t)args.bins, err);
    if (!s)
        s = give_report(&result, err);
    if (!s)
        s = run_checks(checks, &result, err);
    fc_drift_set_clear(&base);
    fc_drift_set_clear(&now);
    return s;
}

int main(int argc, char **argv)
{
    fc_checks checks = {0};
    fc_error err;
    const int n = options_or_exit(&self, argc, argv);
    fc_status s;

    be_quiet(args.quiet);
    s = check_args(argv, n, &err);
    if (!s)
        s = compare(argv, &checks, &err);
    const int code = s ? program_error(&self, &err) : checks.failed ? EXIT_NO : EXIT_DONE;
    fc_checks_clear(&checks);
    return close_stdout(code);
}
