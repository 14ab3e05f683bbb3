#include "made_gallery.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/codec.h"

int go_to_folder(void **state)
{
    char dir[] = "/tmp/fc-gallery-XXXXXX";

    *state = mkdtemp(dir) ? strdup(dir) : NULL;
    return !*state || chdir(*state);
}

int leave_folder(void **state)
{
    char command[64];

    snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    free(*state);
    return chdir("/") || system(command);
}

fc_gallery *make_gallery(const char *path)
{
    fc_gallery *g = NULL;
    fc_error err = {0};

    if (fc_gallery_open(&g, path, &(fc_gallery_options){.mode = FC_GALLERY_CREATE}, &err))
        fail_msg("%s", err.message);
    return g;
}

void make_face(float e[MADE_DIM], int who, double noise)
{
    static uint64_t seed = 7;

    for (int i = 0; i < MADE_DIM; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        e[i] = (float)(sin((who + 1) * (i + 1) * (i + 2.5) * 77.7) +
                       noise * ((double)(seed >> 40) / (1 << 23) - 1));
    }
}

int64_t put_photo(fc_gallery *g, const char *name, const char *source, const float e[MADE_DIM])
{
    fc_sample s = {.e = e, .dim = MADE_DIM, .contract = "made:1", .source = source, .quality = 0.5};
    char hex[FC_SHA256_HEX];
    bool added = false;
    fc_error err = {0};

    fc_sha256_hex(hex, source, strlen(source));
    assert_true(fc_sha256_parse(s.content, hex));
    if (fc_gallery_put_subject(g, name, &s.subject, &err) || fc_gallery_put_sample(g, &s, &added, &err))
        fail_msg("%s: %s", source, err.message);
    assert_true(added);
    return s.id;
}

static void hear(void *ctx, const char *message)
{
    heard *h = ctx;
    const size_t n = strlen(h->text);

    snprintf(h->text + n, sizeof h->text - n, "%s\n", message);
}

fc_teller hears(heard *h)
{
    h->text[0] = '\0';
    return (fc_teller){.tell = hear, .ctx = h};
}
