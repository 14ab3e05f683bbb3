/* The options of a report's line that repeats the run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models.h"
#include "engines/engine.h"
#include "engines/engine_names.h"

/* given: what --engine was, an index; 0: it was not. */
static void check(int given, fc_engine_facts ran, const char *want)
{
    const struct engine_args a = {.engine = given};
    char *line = NULL;
    size_t n;
    FILE *f = open_memstream(&line, &n);

    assert_non_null(f);
    engine_options_write(f, &a, &ran);
    assert_int_equal(fclose(f), 0);
    assert_string_equal(line, want);
    free(line);
}

static void every_engine(void **state)
{
    const char *best = fc_engine_best();
    char want[100];
    (void)state;

    /* none asked for: what was chosen is named, so that a later default changes nothing */
    snprintf(want, sizeof want, " --engine %s --precision bf16 --device cpu", best);
    check(0, (fc_engine_facts){.engine = best, .precision = FC_PRECISION_BF16, .device = "cpu"}, want);
    check(2, (fc_engine_facts){.engine = FC_ENGINE_TORCH, .precision = FC_PRECISION_BF16, .device = "cuda"},
          " --engine torch --precision bf16 --device cuda");
    check(2, (fc_engine_facts){.engine = FC_ENGINE_TORCH, .precision = FC_PRECISION_FP32, .device = "cuda:1"},
          " --engine torch --precision fp32 --device cuda:1");
    check(3, (fc_engine_facts){.engine = FC_ENGINE_OPENCV, .precision = FC_PRECISION_FP32, .device = "cpu"},
          " --engine opencv --precision fp32 --device cpu");
    /* a file whose engine was not asked for: the detector's networks ran on the best one */
    check(0, (fc_engine_facts){.engine = FC_ENGINE_OPENCV, .precision = FC_PRECISION_FP32, .device = "cpu"},
          " --precision fp32 --device cpu");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_engine)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
