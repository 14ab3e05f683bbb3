/* Any bytes as a file of figures: what is taken is written in a form that is read back to the same. Seed: such a file. */
#include <stdlib.h>
#include <string.h>

#include "monitor/prom.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { COUNT, TOOK, FAMILIES };
static const double bounds[] = {0.5, 1};
static const fc_prom_family families[FAMILIES] = {
    [COUNT] = {.name = "c_total", .help = "Counts.", .kind = FC_PROM_COUNTER, .label = {"b", "a"}},
    [TOOK] = {.name = "h",
              .help = "Took.",
              .kind = FC_PROM_HISTOGRAM,
              .label = {"s"},
              .bounds = bounds,
              .nbounds = 2},
};

static char *read_and_write(const char *text, size_t n, fc_status want)
{
    fc_error err = {0};
    fc_prom *p;
    char *out = NULL;

    if (fc_prom_new(&p, families, FAMILIES, &err))
        abort();
    const fc_status s = fc_prom_parse(p, text, n, "fuzz", &err);
    if (s ? want == FC_OK || s != FC_EFORMAT || strncmp(err.message, "fuzz", 4) != 0
          : !(out = fc_prom_text(p)))
        abort();
    fc_prom_free(p);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *once = read_and_write((const char *)bytes, n, FC_EFORMAT), *twice;

    if (!once)
        return 0;
    twice = read_and_write(once, strlen(once), FC_OK);
    /* Differences of huge counts are rounded: their sums need not come back. */
    if (strlen(once) && !strstr(once, "e+") && strcmp(once, twice) != 0)
        abort();
    free(once);
    free(twice);
    return 0;
}
