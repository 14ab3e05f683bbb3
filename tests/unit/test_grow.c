/* Arrays that grow, also where sizes overflow or memory is out, and what the messages then say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/text.h"

static void one_by_one(void **state)
{
    uint32_t *v = NULL;
    size_t cap = 0, moves = 0;

    (void)state;
    for (uint32_t n = 0; n < 100000; n++) {
        const size_t before = cap;
        assert_int_equal(fc_grow(&v, n + 1, &cap, sizeof *v, NULL), FC_OK);
        assert_true(cap > n);
        moves += cap != before;
        v[n] = n;
    }
    assert_int_equal(moves, 18); /* 1, 2, 4 ... 131072 */
    assert_int_equal(cap, 131072);
    for (uint32_t n = 0; n < 100000; n++)
        assert_int_equal(v[n], n);
    free(v);
}

static void many_at_once(void **state)
{
    char *text = NULL;
    size_t cap = 0;

    (void)state;
    assert_int_equal(fc_grow(&text, 0, &cap, 1, NULL), FC_OK); /* nothing is wanted, nothing is made */
    assert_null(text);
    assert_int_equal(fc_grow(&text, 1000, &cap, 1, NULL), FC_OK);
    assert_int_equal(cap, 1000); /* as many as were wanted */
    memset(text, 'x', 1000);
    const char *before = text;
    assert_int_equal(fc_grow(&text, 1000, &cap, 1, NULL), FC_OK);
    assert_ptr_equal(text, before);
    assert_int_equal(fc_grow(&text, 1001, &cap, 1, NULL), FC_OK);
    assert_int_equal(cap, 2000);
    assert_int_equal(fc_grow(&text, 5000, &cap, 1, NULL), FC_OK);
    assert_int_equal(cap, 5000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(text[i], 'x');
    free(text);
}

/* More than there can be, by either factor: all is as it was, and the message is true. */
static void too_much(void **state)
{
    static const struct {
        size_t need, size;
        const char *message;
    } cases[] = {
        {SIZE_MAX, 8, "out of memory (more bytes wanted than can be addressed)"},
        {SIZE_MAX / 8 + 1, 8, "out of memory (more bytes wanted than can be addressed)"},
        {3, SIZE_MAX / 2, "out of memory (more bytes wanted than can be addressed)"},
        {SIZE_MAX / 4, 2, "out of memory (9223372036854775806 bytes wanted)"},
    };
    uint64_t *v = NULL;
    size_t cap = 0;
    fc_error err;

    (void)state;
    assert_int_equal(fc_grow(&v, 2, &cap, sizeof *v, NULL), FC_OK);
    v[0] = 1;
    v[1] = 2;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t *const before = v;
        assert_int_equal(fc_grow(&v, cases[i].need, &cap, cases[i].size, &err), FC_ENOMEM);
        assert_int_equal(err.status, FC_ENOMEM);
        assert_string_equal(err.message, cases[i].message);
        assert_ptr_equal(v, before);
        assert_int_equal(cap, 2);
        assert_true(v[0] == 1 && v[1] == 2);
    }
    free(v);
}

/* Twice as much would be too much, and what is needed is not. */
static void room_that_cannot_double(void **state)
{
    uint8_t *v = malloc(1);
    size_t cap = SIZE_MAX / 2 + 1;
    fc_error err;

    (void)state;
    assert_int_equal(fc_grow(&v, SIZE_MAX / 2 + 2, &cap, 1, &err), FC_ENOMEM);
    assert_string_equal(err.message, "out of memory (9223372036854775809 bytes wanted)");
    assert_int_equal(cap, SIZE_MAX / 2 + 1);
    free(v);
}

static void memory_as_a_file(void **state)
{
    fc_text_file t;
    char want[16];

    (void)state;
    assert_int_equal(fc_text_open(&t, NULL), FC_OK);
    assert_int_equal(fc_text_close(&t, NULL), FC_OK);
    assert_string_equal(t.data, "");
    free(t.data);
    assert_int_equal(fc_text_open(&t, NULL), FC_OK);
    for (int i = 0; i < 100000; i++)
        fprintf(t.f, "%07d", i);
    assert_int_equal(fc_text_close(&t, NULL), FC_OK);
    assert_int_equal(t.n, 700000);
    assert_int_equal(strlen(t.data), 700000);
    for (int i = 0; i < 100000; i++) {
        snprintf(want, sizeof want, "%07d", i);
        assert_memory_equal(t.data + 7 * i, want, 7);
    }
    free(t.data);
}

/* Though there is room again for what is written later. */
static void a_lost_write_is_told(void **state)
{
    fc_text_file t;
    fc_error err;

    (void)state;
    assert_int_equal(fc_text_open(&t, NULL), FC_OK);
    t.n = SIZE_MAX / 2 + 8;
    fputs("lost", t.f);
    assert_int_equal(fflush(t.f), EOF);
    t.n = 0;
    fputs("kept", t.f);
    assert_int_equal(fc_text_close(&t, &err), FC_ENOMEM);
    assert_null(t.data);
    assert_int_equal(fc_text_close(&t, &err), FC_ENOMEM); /* it is closed */
}

static void nobody_wants_0_bytes(void **state)
{
    fc_error err;

    (void)state;
    assert_int_equal(fc_fail_nomem(&err, 0), FC_ENOMEM);
    assert_string_equal(err.message, "out of memory");
    assert_int_equal(fc_fail_nomem(&err, 1), FC_ENOMEM);
    assert_string_equal(err.message, "out of memory (1 bytes wanted)");
    assert_int_equal(fc_fail_nomem(NULL, 0), FC_ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_by_one),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(too_much),
        cmocka_unit_test(room_that_cannot_double),
        cmocka_unit_test(memory_as_a_file),
        cmocka_unit_test(a_lost_write_is_told),
        cmocka_unit_test(nobody_wants_0_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
