/* Topics, messages and the spool of fc-publish. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/spool.h"

static void assert_topic(const char *template, const fc_topic_names *names, const char *want)
{
    char *topic;

    assert_int_equal(fc_topic_check(template, NULL), FC_OK);
    assert_int_equal(fc_topic_make(&topic, template, names, NULL), FC_OK);
    assert_string_equal(topic, want);
    free(topic);
}

static void topics(void **state)
{
    const fc_topic_names names = {
        .node = "$SYS", .camera = "a/b+#%\n\xff \xc3\xa4", .kind = "event", .type = ""};
    char *topic, *longest = calloc(1, FC_TOPIC_SIZE + 2);
    fc_error err;

    (void)state;
    assert_topic("facecheck/{node}/{camera}/{kind}/{type}/{person}", &names,
                 "facecheck/$SYS/a%2Fb%2B%23%25%0A%FF \xc3\xa4/event/-/-");
    assert_topic("{node}/x", &names, "-SYS/x"); /* none of the broker's own */
    assert_topic("x", &names, "x");
    const fc_topic_names set_aside = {.camera = "\xef\xb7\x90\xef\xbf\xbf\xf0\x9f\xbf\xbe",
                                      .person = "\xef\xbf\xbd"};
    assert_topic("{camera}/{person}", &set_aside, "%EF%B7%90%EF%BF%BF%F0%9F%BF%BE/\xef\xbf\xbd");
    assert_topic("}{kind}{kind}", &names, "}eventevent");
    static const char *const bad[] = {"",      "a/+",   "#",      "{",    "{}",
                                      "{kin}", "{kind", "a{hat}", "\xff", "a\xef\xbf\xbf"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(fc_topic_check(bad[i], &err), FC_EUSAGE);
    assert_true(fc_topic_has("a/{kind}", "kind") && !fc_topic_has("a/{kind}", "type") &&
                !fc_topic_has("kind", "kind"));
    memset(longest, '/', FC_TOPIC_SIZE + 1);
    assert_int_equal(fc_topic_make(&topic, longest, &names, &err), FC_ELIMIT);
    free(longest);
}

static void private_parts(void **state)
{
    json_t *line = json_loads(
        "{\"v\":1,\"src\":\"/home/ann.jpg\",\"camera\":\"c\",\"faces\":[{\"box\":[1,2,3,4],\"crop\":{},"
        "\"embedding\":{\"f32\":\"\"}}],\"error\":{\"code\":\"io\",\"message\":\"/"
        "home\"},\"x\":{\"y\":[{\"src\":1}]}}",
        0, NULL);
    char *text;
    size_t n;

    (void)state;
    assert_non_null(line);
    assert_string_equal(fc_message_names(line, "n").kind, "error");
    json_t *event =
        json_loads("{\"type\":\"start\",\"id\":\"17-c\",\"person\":\"Ann\",\"camera\":\"c\"}", 0, NULL);
    const fc_topic_names names = fc_message_names(event, "n");
    assert_string_equal(names.kind, "event");
    assert_string_equal(names.type, "start");
    assert_string_equal(names.person, "Ann");
    json_decref(event);
    fc_message_strip(line);
    assert_int_equal(fc_message_payload(&text, &n, line, NULL), FC_OK);
    assert_string_equal(text, "{\"v\":1,\"camera\":\"c\",\"faces\":[{\"box\":[1,2,3,4]}],\"error\":{\"code\":"
                              "\"io\"},\"x\":{\"y\":[{}]}}");
    assert_int_equal(n, strlen(text));
    free(text);
    json_decref(line);
}

static void each_private_key_goes(void **state)
{
    static const char *const keys[] = {"embedding", "crop", "crop_file", "src",   "src_b64", "probe",
                                       "probe_b64", "ref",  "ref_b64",   "video", "sha256",  "message"};

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        json_t *line = json_pack("{s:s, s:[{s:s, s:i}]}", keys[i], "x", "faces", keys[i], "x", "keep", 1);
        char *text;
        size_t n;
        fc_message_strip(line);
        assert_int_equal(fc_message_payload(&text, &n, line, NULL), FC_OK);
        assert_string_equal(text, "{\"faces\":[{\"keep\":1}]}");
        free(text);
        json_decref(line);
    }
}

static void take_count(fc_camera_counts *c, int camera, size_t faces, int64_t want, bool want_first)
{
    char name[16];
    json_t *line, *list = json_array();
    int64_t count;
    bool first;

    snprintf(name, sizeof name, "%d", camera);
    for (size_t i = 0; i < faces; i++)
        json_array_append_new(list, json_object());
    line = json_pack("{s:s, s:o}", "camera", name, "faces", list);
    assert_int_equal(fc_camera_counts_take(c, line, &count, &first, NULL), FC_OK);
    assert_int_equal(count, want);
    assert_int_equal(first, want_first);
    json_decref(line);
}

/* Whoever makes up names of cameras takes no memory without end, and those before are counted on. */
static void a_thousand_cameras_are_counted(void **state)
{
    fc_camera_counts *c;

    (void)state;
    assert_int_equal(fc_camera_counts_new(&c, NULL), FC_OK);
    for (int i = 0; i < 1000; i++)
        take_count(c, i, 1, 1, true);
    take_count(c, 1000, 1, -1, false);
    take_count(c, 1000, 2, -1, false);
    take_count(c, 0, 2, 2, false);
    take_count(c, 999, 0, 0, false);
    fc_camera_counts_free(c);
}

static void camera_counts(void **state)
{
    static const struct {
        const char *line;
        int64_t count;
        bool first;
    } cases[] = {
        {"{\"faces\":[1,2]}", 2, true},
        {"{\"faces\":[3,4]}", -1, false},
        {"{\"faces\":[]}", 0, false},
        {"{\"camera\":\"c\",\"faces\":[]}", 0, true},
        {"{\"camera\":\"e\",\"type\":\"end\"}", 0, true},
        {"{\"camera\":\"e\",\"type\":\"start\"}", 1, false},
        {"{\"camera\":\"e\",\"type\":\"update\"}", -1, false},
        {"{\"camera\":\"e\",\"type\":\"start\"}", 2, false},
        {"{\"camera\":\"e\",\"type\":\"end\"}", 1, false},
        {"{\"match\":true}", -1, false},
    };
    fc_camera_counts *c;
    int64_t count;
    bool first;

    (void)state;
    assert_int_equal(fc_camera_counts_new(&c, NULL), FC_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *line = json_loads(cases[i].line, 0, NULL);
        assert_int_equal(fc_camera_counts_take(c, line, &count, &first, NULL), FC_OK);
        assert_int_equal(count, cases[i].count);
        assert_int_equal(first, cases[i].first);
        json_decref(line);
    }
    fc_camera_counts_free(c);
}

static int64_t put(fc_spool *s, const char *payload, int64_t sent, size_t *dropped)
{
    fc_message m = {.topic = "t", .payload = (char *)payload, .n = strlen(payload), .retain = true};

    assert_int_equal(fc_spool_put(s, &m, sent, dropped, NULL), FC_OK);
    return m.id;
}

static void assert_next(fc_spool *s, int64_t after, int64_t id, const char *payload)
{
    fc_message m;

    assert_int_equal(fc_spool_next(s, after, &m, NULL), FC_OK);
    assert_int_equal(m.id, id);
    assert_string_equal(m.topic, "t");
    assert_string_equal(m.payload, payload);
    assert_true(m.retain);
    fc_message_clear(&m);
}

static void the_oldest_goes(void **state)
{
    const uint64_t room = 3 * (FC_SPOOL_MESSAGE + 2);
    fc_spool *s;
    fc_message m;
    size_t dropped;

    (void)state;
    assert_int_equal(fc_spool_open(&s, NULL, room, NULL), FC_OK);
    assert_int_equal(fc_spool_next(s, 0, &m, NULL), FC_END);
    assert_int_equal(put(s, "a", 0, &dropped), 1);
    assert_int_equal(put(s, "b", 0, &dropped), 2);
    assert_int_equal(put(s, "c", 0, &dropped), 3);
    assert_int_equal(dropped, 0);
    assert_int_equal(put(s, "d", 1, &dropped), 4); /* 1 is on its way */
    assert_int_equal(dropped, 1);
    assert_next(s, 0, 1, "a");
    assert_next(s, 1, 3, "c");
    assert_int_equal(fc_spool_done(s, 1, NULL), FC_OK);
    assert_int_equal(fc_spool_done(s, 1, NULL), FC_OK); /* once more, as an acknowledgement may be */
    assert_int_equal(fc_spool_count(s), 2);
    assert_int_equal(put(s, "e", 4, &dropped), 5);
    assert_int_equal(put(s, "f", 5, &dropped), 0); /* all are on their way */
    assert_int_equal(dropped, 1);
    char *large = calloc(1, room);
    memset(large, 'x', room - 1);
    assert_int_equal(put(s, large, 0, &dropped), 0); /* and goes for no other */
    assert_int_equal(fc_spool_count(s), 3);
    free(large);
    fc_spool_close(s);
}

static void a_file_keeps_messages(void **state)
{
    char path[] = "/tmp/fc-spool-XXXXXX", log[64];
    fc_spool *s, *other;
    struct stat st;
    size_t dropped;
    fc_error err;

    (void)state;
    close(mkstemp(path)); /* empty */
    unlink(path);
    assert_int_equal(fc_spool_open(&s, path, 1000, NULL), FC_OK);
    assert_true(!stat(path, &st) && (st.st_mode & 0777) == 0600);
    assert_int_equal(put(s, "a\nb", 0, &dropped), 1);
    assert_int_equal(put(s, "c", 0, &dropped), 2);
    assert_int_equal(fc_spool_done(s, 2, NULL), FC_OK);
    assert_int_equal(fc_spool_open(&other, path, 1000, &err), FC_EIO);
    fc_spool_close(s);
    assert_int_equal(fc_spool_open(&s, path, 1000, NULL), FC_OK);
    assert_int_equal(fc_spool_count(s), 1);
    assert_next(s, 0, 1, "a\nb");
    assert_int_equal(put(s, "d", 0, &dropped), 3); /* no number comes twice */
    fc_spool_close(s);
    FILE *f = fopen(path, "w");
    fputs("This is no database, however long it is, and it stays as it is. This is no database, and stays.",
          f);
    fclose(f);
    assert_int_equal(fc_spool_open(&s, path, 1000, &err), FC_EFORMAT);
    assert_true(!stat(path, &st) && st.st_size == 95);
    assert_int_equal(fc_spool_open(&s, "/nowhere/at/all", 1000, &err), FC_EMISSING);
    unlink(path);
    snprintf(log, sizeof log, "%s-wal", path);
    unlink(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics),
        cmocka_unit_test(private_parts),
        cmocka_unit_test(each_private_key_goes),
        cmocka_unit_test(camera_counts),
        cmocka_unit_test(a_thousand_cameras_are_counted),
        cmocka_unit_test(the_oldest_goes),
        cmocka_unit_test(a_file_keeps_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
