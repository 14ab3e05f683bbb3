/* Any bytes as a head, and as a checkpoint of a training: what is accepted can be asked. All that is read is checked before
 * the checksums are. */
#include <math.h>
#include <stdlib.h>

#include "classify/head_checkpoint.h"
#include "classify/head_train.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void ask(const fc_head *h)
{
    const fc_head_facts *f = fc_head_get_facts(h);
    float *e = calloc(f->dim, sizeof *e);
    fc_head_answer a;
    fc_error err = {0};

    fc_head_settings settings;

    (void)fc_head_settings_of(&settings, h, &err);
    if (e) {
        e[0] = 1;
        if (!fc_head_predict(h, e, 1, &a, &err) && (a.person >= f->people || !(fabs(a.score) <= 1.001)))
            abort();
    }
    free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char *path;
    fc_head_state s;
    fc_head *h;
    fc_error err = {0};
    bool there;

    if (!path)
        path = scratch_path("head");
    scratch_write(path, bytes, n);
    if (!fc_head_load(&h, path, &err))
        ask(h);
    else if (h || !err.status)
        abort();
    fc_head_free(h);
    if (!fc_head_state_new(&s, 8, &err))
        (void)fc_head_checkpoint_read(&s, "print", path, &there, &err);
    fc_head_state_clear(&s);
    return 0;
}
