/*
 * Which tests of a program run, and what its exit status says; linked into all of them with --wrap.
 *
 * A test that needs what a machine may lack is called needs_THING_..., and CTest runs it by itself, so that nothing else
 * shows as skipped with it: FC_PART=THING runs those alone, FC_PART= (empty) those that need nothing, and all run
 * without the variable. FC_PARTS lists the THINGs that CTest runs; a test that needs another would run nowhere.
 *
 * cmocka returns the number of failures, 0 for one that skipped everything. Here it is 1, 77 or 0: a test failed, none
 * failed but one was skipped, all passed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool failed, skipped;

void __real__skip(const char *file, int line);
void __wrap__skip(const char *file, int line);
int __real__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t n,
                                   CMFixtureFunction setup, CMFixtureFunction teardown);
int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t n,
                                   CMFixtureFunction setup, CMFixtureFunction teardown);

void __wrap__skip(const char *file, int line)
{
    skipped = true;
    __real__skip(file, line);
}

/* What the test needs, as a string; empty for nothing. */
static void need_of(char *need, size_t size, const char *test)
{
    static const char prefix[] = "needs_";

    *need = '\0';
    if (strncmp(test, prefix, sizeof prefix - 1) == 0)
        snprintf(need, size, "%.*s", (int)strcspn(test + sizeof prefix - 1, "_"), test + sizeof prefix - 1);
}

static bool listed(const char *need, const char *parts)
{
    for (const size_t n = strlen(need); parts && *parts; parts += strcspn(parts, " ")) {
        parts += strspn(parts, " ");
        if (strcspn(parts, " ") == n && strncmp(parts, need, n) == 0)
            return true;
    }
    return false;
}

int __wrap__cmocka_run_group_tests(const char *name, const struct CMUnitTest *tests, size_t n,
                                   CMFixtureFunction setup, CMFixtureFunction teardown)
{
    const char *part = getenv("FC_PART");
    struct CMUnitTest *chosen = calloc(n, sizeof *chosen);
    size_t count = 0;

    for (size_t i = 0; chosen && i < n; i++) {
        char need[32];

        need_of(need, sizeof need, tests[i].name);
        if (part && *need && !listed(need, getenv("FC_PARTS"))) {
            fprintf(stderr, "%s: CTest does not know of '%s'\n", tests[i].name, need);
            failed = true;
        }
        if (!part || strcmp(part, need) == 0)
            chosen[count++] = tests[i];
    }
    if (count == 0) {
        fprintf(stderr, "%s: no test%s%s\n", name, part && *part ? " needs " : "", part ? part : "");
        failed = true;
    } else if (__real__cmocka_run_group_tests(name, chosen, count, setup, teardown) != 0) {
        failed = true;
    }
    free(chosen);
    return failed ? 1 : skipped ? 77 : 0;
}
