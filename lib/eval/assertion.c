#include "eval/assertion.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

static const char *const ops[] = {
    [FC_AT_LEAST] = ">=", [FC_AT_MOST] = "<=", [FC_EQUAL] = "==", [FC_ABOVE] = ">", [FC_BELOW] = "<"};

double fc_assertion_round(double v)
{
    return round(v * 1e12) / 1e12;
}

/* What is behind the operator. */
static bool take_bound(fc_assertion *a, const char *at, const char *const *words)
{
    const char *stop;

    for (; words && *words; words++)
        if (!strcmp(at, *words)) {
            a->word = *words;
            return true;
        }
    if (!fc_text_read_number(&a->value, at, &stop))
        return false;
    if (*stop == '%') {
        a->value /= 100;
        stop++;
    }
    a->value = fc_assertion_round(a->value);
    return !*stop;
}

/* at: the operator's beginning */
static bool take_op(fc_assertion *a, const char *at, const char *const *words)
{
    static const int longest_first[] = {FC_AT_LEAST, FC_AT_MOST, FC_EQUAL, FC_ABOVE, FC_BELOW};

    for (size_t i = 0; i < sizeof longest_first / sizeof *longest_first; i++) {
        const char *op = ops[longest_first[i]];
        if (strncmp(at, op, strlen(op)))
            continue;
        a->op = longest_first[i];
        at += strlen(op);
        return take_bound(a, at + strspn(at, " \t"), words);
    }
    return false;
}

fc_status fc_assertion_parse(fc_assertion *a, const char *text, const char *const *words, fc_error *err)
{
    /* A metric's name may have an equals sign: tar@far=1e-3. */
    const char *at = strpbrk(text, "<>"), *twice = strstr(text, "==");

    *a = (fc_assertion){0};
    if (!at || (twice && twice < at))
        at = twice;
    if (at && at != text && (size_t)(at - text) < sizeof a->metric) {
        size_t n = (size_t)(at - text);
        memcpy(a->metric, text, n);
        while (n && a->metric[n - 1] == ' ')
            n--;
        a->metric[n] = '\0';
        if (n && take_op(a, at, words))
            return FC_OK;
    }
    return fc_fail(err, FC_EUSAGE, "--assert: want METRIC>=NUMBER (or <=, >, <, ==), got '%s'", text);
}

bool fc_assertion_holds(const fc_assertion *a, double got)
{
    switch (a->op) {
    case FC_AT_LEAST:
        return got >= a->value;
    case FC_AT_MOST:
        return got <= a->value;
    case FC_ABOVE:
        return got > a->value;
    case FC_BELOW:
        return got < a->value;
    case FC_EQUAL:
        return got == a->value;
    }
    return false;
}

const char *fc_assertion_op(const fc_assertion *a)
{
    return ops[a->op];
}

bool fc_assertion_claims_at_least(const fc_assertion *a)
{
    return a->op == FC_AT_LEAST || a->op == FC_ABOVE || a->op == FC_EQUAL;
}

bool fc_assertion_claims_at_most(const fc_assertion *a)
{
    return a->op == FC_AT_MOST || a->op == FC_BELOW || a->op == FC_EQUAL;
}
