#include "monitor/topic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

static const char *const words[] = {"node", "camera", "kind", "type", "person"};
enum { WORDS = sizeof words / sizeof *words };

/* The word behind the brace at at; WORDS: none is there. */
static size_t word_at(const char *at, size_t *length)
{
    for (size_t i = 0; i < WORDS; i++) {
        const size_t n = strlen(words[i]);
        if (!strncmp(at + 1, words[i], n) && at[n + 1] == '}') {
            *length = n + 2;
            return i;
        }
    }
    return WORDS;
}

/* What Unicode has set aside (U+FDD0 to U+FDEF, and the last two of each plane): a broker takes none of it in a topic. */
static bool is_no_character(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;

    if (n == 3 && u[0] == 0xEF && u[1] == 0xB7)
        return u[2] >= 0x90 && u[2] <= 0xAF;
    return (n == 3 ? u[0] == 0xEF : n == 4 && (u[1] & 0x0F) == 0x0F) && u[n - 2] == 0xBF && u[n - 1] >= 0xBE;
}

static bool is_topic(const char *text)
{
    size_t n = strlen(text), step;

    for (const char *p = text; n; p += step, n -= step)
        if (!(step = fc_utf8_char(p, n)) || is_no_character(p, step))
            return false;
    return *text != '\0';
}

fc_status fc_topic_check(const char *template, fc_error *err)
{
    size_t length;

    if (!is_topic(template))
        return fc_fail(err, FC_EUSAGE, "--topic: want a topic in UTF-8");
    if (strpbrk(template, "+#"))
        return fc_fail(err, FC_EUSAGE, "--topic: '%s' has a wildcard, + or #", template);
    for (const char *p = template; *p; p += length) {
        length = 1;
        if (*p == '{' && word_at(p, &length) == WORDS)
            return fc_fail(err, FC_EUSAGE, "--topic: '%s': want {node}, {camera}, {kind}, {type} or {person}",
                           p);
    }
    return FC_OK;
}

bool fc_topic_has(const char *template, const char *word)
{
    size_t length;

    for (const char *p = strchr(template, '{'); p; p = strchr(p + 1, '{')) {
        const size_t i = word_at(p, &length);
        if (i < WORDS && !strcmp(words[i], word))
            return true;
    }
    return false;
}

static void put_name(FILE *f, const char *name)
{
    const size_t n = name ? strlen(name) : 0;
    size_t step;

    if (!n)
        putc('-', f);
    for (size_t i = 0; i < n; i += step) {
        const unsigned char c = (unsigned char)name[i];
        step = fc_utf8_char(name + i, n - i);
        if (step > 1 && fc_text_shows(name + i, step) && !is_no_character(name + i, step))
            fwrite(name + i, 1, step, f);
        else if (step == 1 && c >= ' ' && c != 0x7F && !strchr("/+#%", c))
            putc(c, f);
        else
            for (size_t k = 0; k < (step ? step : 1); k++)
                fprintf(f, "%%%02X", (unsigned char)name[i + k]);
        step = step ? step : 1;
    }
}

fc_status fc_topic_make(char **out, const char *template, const fc_topic_names *names, fc_error *err)
{
    const char *const value[WORDS] = {names->node, names->camera, names->kind, names->type, names->person};
    fc_text_file t;
    size_t length;
    fc_status s = fc_text_open(&t, err);

    *out = NULL;
    if (s)
        return s;
    for (const char *p = template; *p; p += length) {
        const size_t word = *p == '{' ? word_at(p, &length) : WORDS;
        if (word < WORDS) {
            put_name(t.f, value[word]);
            continue;
        }
        putc(*p, t.f);
        length = 1;
    }
    s = fc_text_close(&t, err);
    if (s)
        return s;
    if (*t.data == '$') /* the template begins with a word */
        *t.data = '-';
    if (t.n > FC_TOPIC_SIZE) {
        free(t.data);
        return fc_fail(err, FC_ELIMIT, "a topic of %zu bytes, at most %d are allowed", t.n, FC_TOPIC_SIZE);
    }
    *out = t.data;
    return FC_OK;
}
