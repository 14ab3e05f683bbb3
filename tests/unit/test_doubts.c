/* What is odd about a gallery: few photos, photos of somebody else, one picture twice; names that look alike. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gallery/alike.h"
#include "gallery/doubts.h"
#include "made_gallery.h"

/* So many photos of the person, called NAME0, NAME1... */
static void put_photos(fc_gallery *g, const char *name, int who, int photos)
{
    for (int i = 0; i < photos; i++) {
        char source[40];
        float e[MADE_DIM];
        make_face(e, who, 0.4);
        snprintf(source, sizeof source, "%s%d", name, i);
        put_photo(g, name, source, e);
    }
}

static size_t doubts(fc_gallery *g, const fc_ids *sample, double threshold, heard *h)
{
    const fc_teller tell = hears(h);
    size_t found = 99;
    fc_error err = {0};

    if (fc_gallery_doubts(g, sample, threshold, &tell, &found, &err))
        fail_msg("%s", err.message);
    return found;
}

static void sound(void **state)
{
    fc_gallery *g = make_gallery("sound");
    heard h;

    (void)state;
    assert_int_equal(doubts(g, NULL, NAN, &h), 0); /* of nobody */
    put_photos(g, "Ada", 0, 3);
    put_photos(g, "Bea", 1, 4);
    assert_int_equal(doubts(g, NULL, 0.5, &h), 0);
    assert_string_equal(h.text, "");
    fc_gallery_free(g);
}

static void few(void **state)
{
    fc_gallery *g = make_gallery("few");
    heard h;

    (void)state;
    put_photos(g, "Ada", 0, 1);
    put_photos(g, "Bea", 1, 2);
    put_photos(g, "Cleo", 2, 3);
    assert_int_equal(doubts(g, NULL, NAN, &h), 2);
    assert_string_equal(h.text, "warning: Ada has 1 photo; 3 or more tell people apart better\n"
                                "warning: Bea has 2 photos; 3 or more tell people apart better\n");
    for (int i = 0; i < 30; i++) {
        char name[10];
        snprintf(name, sizeof name, "N%d", i);
        put_photos(g, name, 3 + i, 1);
    }
    assert_true(doubts(g, NULL, NAN, &h) >= 32);
    assert_non_null(strstr(h.text, "\nwarning: 12 more people with few photos\n"));
    /* Before any of them is looked at. */
    assert_int_equal(doubts(g, &(fc_ids){.n = 100000000}, NAN, &h), 0);
    assert_string_equal(
        h.text, "no warnings of photos that look like somebody else: there are 3.6e+09 pairs to compare\n");
    fc_gallery_free(g);
}

static void strangers(void **state)
{
    fc_gallery *g = make_gallery("strangers");
    float e[MADE_DIM];
    fc_ids some = {0};
    heard h;

    (void)state;
    put_photos(g, "Ada", 0, 3);
    put_photos(g, "Bea", 1, 3);
    make_face(e, 1, 1);
    const int64_t wrong = put_photo(g, "Ada", "wrong", e);
    assert_int_equal(doubts(g, NULL, NAN, &h), 1);
    assert_non_null(strstr(h.text, "warning: wrong of Ada looks more like Bea (similarity "));
    assert_int_equal(fc_ids_add(&some, wrong - 1, NULL), FC_OK); /* another photo is asked about */
    assert_int_equal(doubts(g, &some, NAN, &h), 0);
    assert_int_equal(fc_ids_add(&some, wrong, NULL), FC_OK);
    fc_ids_sort(&some);
    assert_int_equal(doubts(g, &some, NAN, &h), 1);
    fc_ids_clear(&some);
    fc_gallery_free(g);
}

/* Who has one photo cannot look less like the others of her own: the threshold says. */
static void only_photo(void **state)
{
    fc_gallery *g = make_gallery("only");
    float e[MADE_DIM];
    heard h;

    (void)state;
    put_photos(g, "Ada", 0, 3);
    make_face(e, 0, 1);
    put_photo(g, "Bea", "bea", e);
    assert_int_equal(doubts(g, NULL, NAN, &h), 1);
    assert_null(strstr(h.text, "looks like"));
    assert_int_equal(doubts(g, NULL, 0.5, &h), 2);
    assert_non_null(strstr(h.text, "warning: bea of Bea looks like Ada (similarity "));
    fc_gallery_free(g);
}

static void twins(void **state)
{
    fc_gallery *g = make_gallery("twins");
    float e[MADE_DIM];
    heard h;

    (void)state;
    put_photos(g, "Ada", 0, 3);
    make_face(e, 0, 0.6);
    put_photo(g, "Ada", "print", e);
    e[0] += 0.01f;
    put_photo(g, "Ada", "reprint", e);
    assert_int_equal(doubts(g, NULL, NAN, &h), 1);
    assert_string_equal(h.text,
                        "warning: reprint of Ada is nearly the same picture as print (similarity 1.00)\n");
    fc_gallery_free(g);
}

static void names(void **state)
{
    fc_alike all = {0};
    heard h;
    const fc_teller tell = hears(&h);

    (void)state;
    assert_int_equal(fc_alike_add(&all, "Ann Lee", false, NULL), FC_OK);
    assert_int_equal(fc_alike_add(&all, "Bob", true, NULL), FC_OK);
    assert_int_equal(fc_alike_add(&all, "ann  lee", false, NULL), FC_OK);
    assert_int_equal(fc_alike_warn(&all, &tell, NULL), FC_OK);
    assert_string_equal(h.text, "");                                           /* neither is new */
    assert_int_equal(fc_alike_add(&all, "\xef\xbc\xa2ob", true, NULL), FC_OK); /* with a wide B */
    assert_int_equal(fc_alike_warn(&all, &tell, NULL), FC_OK);
    assert_non_null(
        strstr(h.text, "warning: the names 'Bob' and '\xef\xbc\xa2ob' look alike: they are spelt "));
    for (int i = 0; i < 25; i++) {
        char name[10];
        for (int large = 0; large < 2; large++) {
            snprintf(name, sizeof name, "%c%d", large ? 'P' : 'p', i);
            assert_int_equal(fc_alike_add(&all, name, true, NULL), FC_OK);
        }
    }
    assert_int_equal(fc_alike_warn(&all, &tell, NULL), FC_OK);
    assert_non_null(strstr(h.text, "\nwarning: 16 more names that look like another one\n"));
    fc_alike_clear(&all);
}

static void names_in_a_gallery(void **state)
{
    fc_gallery *g = make_gallery("names");
    fc_ids fresh = {0};
    int64_t id;
    heard h;
    fc_teller tell = hears(&h);

    (void)state;
    put_photos(g, "Ann Lee", 0, 1);
    put_photos(g, "ann lee", 1, 1);
    put_photos(g, "Bob", 2, 1);
    assert_int_equal(fc_gallery_find(g, "Bob", &id, NULL), FC_OK);
    assert_int_equal(fc_ids_add(&fresh, id, NULL), FC_OK);
    assert_int_equal(fc_alike_warn_in(g, &fresh, &tell, NULL), FC_OK);
    assert_string_equal(h.text, "");
    assert_int_equal(fc_gallery_find(g, "ann lee", &id, NULL), FC_OK);
    assert_int_equal(fc_ids_add(&fresh, id, NULL), FC_OK);
    assert_int_equal(fc_alike_warn_in(g, &fresh, &tell, NULL), FC_OK);
    assert_string_equal(h.text, "warning: the names 'Ann Lee' and 'ann lee' differ in case or blanks only\n");
    tell = hears(&h);
    assert_int_equal(fc_alike_warn_in(g, NULL, &tell, NULL), FC_OK);
    assert_string_not_equal(h.text, "");
    fc_ids_clear(&fresh);
    fc_gallery_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound),
        cmocka_unit_test(few),
        cmocka_unit_test(strangers),
        cmocka_unit_test(only_photo),
        cmocka_unit_test(twins),
        cmocka_unit_test(names),
        cmocka_unit_test(names_in_a_gallery),
    };
    return cmocka_run_group_tests(tests, go_to_folder, leave_folder);
}
