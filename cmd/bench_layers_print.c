/* The table of fc-bench --layers. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "eval/report_file.h"

static int int_at(const json_t *o, const char *key, size_t i)
{
    return (int)json_integer_value(json_array_get(json_object_get(o, key), i));
}

static void print_step(const json_t *s, double total)
{
    const double ms = fc_report_real(s, "ms");
    char in[32], out[32], window[32] = "";

    snprintf(in, sizeof in, "%dx%dx%d", int_at(s, "in", 0), int_at(s, "in", 1), int_at(s, "in", 2));
    snprintf(out, sizeof out, "%dx%dx%d", int_at(s, "out", 0), int_at(s, "out", 1), int_at(s, "out", 2));
    if (json_object_get(s, "window"))
        snprintf(window, sizeof window, "%dx%d/%d", int_at(s, "window", 0), int_at(s, "window", 1),
                 (int)fc_report_real(s, "stride"));
    printf("  %-10s %-28s %-13s %-13s %-7s %9.4f %5.1f %%", fc_report_text(s, "step"),
           fc_report_text(s, "kernel"), in, out, window, ms, total > 0 ? 100 * ms / total : 0);
    if (json_object_get(s, "gflops"))
        printf(" %9.1f %5.1f %%", fc_report_real(s, "gflops"), 100 * fc_report_real(s, "share"));
    else if (json_object_get(s, "times"))
        printf(" %17s", "");
    if (json_object_get(s, "times"))
        printf(" %7.2f", fc_report_real(s, "times"));
    putchar('\n');
}

static void print_network(const json_t *n)
{
    const json_t *level = json_object_get(n, "level"), *s;
    size_t i;

    printf("\n%s", fc_report_text(n, "network"));
    if (json_is_integer(level))
        printf(", level %d", (int)json_integer_value(level));
    printf(", %dx%d", int_at(n, "size", 0), int_at(n, "size", 1));
    if (fc_report_real(n, "inputs") != 1)
        printf(", %.0f inputs", fc_report_real(n, "inputs"));
    printf(": %.4f ms\n", fc_report_real(n, "ms"));
    if (json_array_size(json_object_get(n, "steps")))
        printf("  %-10s %-28s %-13s %-13s %-7s %9s %7s %9s %7s %7s\n", "step", "kernel", "input", "result",
               "window", "ms", "time", "GFLOP/s", "peak", "x floor");
    json_array_foreach(json_object_get(n, "steps"), i, s) print_step(s, fc_report_real(n, "ms"));
    if (json_object_get(n, "times"))
        printf("  %-79s %9.4f %27.2f\n", "all", fc_report_real(n, "ms"), fc_report_real(n, "times"));
}

/* In units in which machines compare. */
static void print_stages(const json_t *stages)
{
    const json_t *s;
    size_t i;

    printf("\n%-10s %9s %9s %7s %17s\n", "stage", "ms", "floor", "x floor", "GFLOP at the peak");
    json_array_foreach(stages, i, s)
    {
        printf("%-10s %9.4f", fc_report_text(s, "stage"), fc_report_real(s, "ms"));
        if (json_object_get(s, "times"))
            printf(" %9.4f %7.2f", fc_report_real(s, "floor"), fc_report_real(s, "times"));
        else
            printf(" %9s %7s", "-", "-");
        printf(" %17.3f\n", fc_report_real(s, "gflop"));
    }
}

void bench_print_layers(const json_t *report)
{
    const json_t *one, *picture = json_object_get(report, "picture");
    size_t i;

    printf("%s; facecheck %s\n%.0f x %.0f pixels, %.0f faces; means of %.0f rounds, one thread\n",
           fc_report_text(json_object_get(report, "machine"), "cpu"), fc_report_text(report, "version"),
           fc_report_real(picture, "w"), fc_report_real(picture, "h"), fc_report_real(picture, "faces"),
           fc_report_real(report, "rounds"));
    json_array_foreach(json_object_get(report, "peak"), i, one)
        printf("peak of %s on %s: %.1f G%sOP/s\n", fc_report_text(one, "numbers"), fc_report_text(one, "isa"),
               fc_report_real(one, "gflops"), strcmp(fc_report_text(one, "numbers"), "int8") ? "FL" : "");
    json_array_foreach(json_object_get(report, "bandwidth"), i, one)
        printf("%s%.0f KiB at %.1f GB/s", i ? ", " : "read: ", fc_report_real(one, "bytes") / 1024,
               fc_report_real(one, "gbs"));
    putchar('\n');
    json_array_foreach(json_object_get(report, "networks"), i, one) print_network(one);
    print_stages(json_object_get(report, "stages"));
}
