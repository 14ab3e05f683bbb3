/* Records: round trips, what passes through, what is refused. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/record.h"
#include "base/text.h"
#include "seed.h"

static fc_status parse(fc_record *r, const char *text, fc_error *err)
{
    keep_seed("record", text, strlen(text));
    return fc_record_parse(r, text, strlen(text), "in", 7, err);
}

static void assert_round_trip(const char *line)
{
    fc_record r;
    fc_error err = {0};
    char *text;
    size_t n;

    if (parse(&r, line, &err))
        fail_msg("%s: %s", line, err.message);
    assert_int_equal(fc_record_text(&r, &text, &n, &err), FC_OK);
    assert_int_equal(n, strlen(line) + 1);
    assert_memory_equal(text, line, n - 1);
    assert_int_equal(text[n - 1], '\n');
    free(text);
    fc_record_clear(&r);
}

static void assert_refused(const char *line, const char *part)
{
    fc_record r;
    fc_error err = {0};

    assert_int_equal(parse(&r, line, &err), FC_ERECORD);
    assert_null(r.json);
    if (!strstr(err.message, part) || strncmp(err.message, "in:7: ", 6))
        fail_msg("%s: the message is '%s', without '%s'", line, err.message, part);
}

static void unknown_fields_pass(void **state)
{
    (void)state;
    assert_round_trip("{\"v\":1,\"src\":\"a.jpg\"}");
    assert_round_trip(
        "{\"z\":null,\"src\":\"a\",\"v\":1,\"a\":[true,false,{}],\"ü\":\"\\u0001\\n\\\"\\\\ü\"}");
    assert_round_trip("{\"v\":1,\"faces\":[{\"who\":\"Ann\",\"box\":[1,2,3,4],\"score\":0.5,\"age\":41}]}");
    assert_round_trip("{\"v\":1,\"big\":9223372036854775807,\"small\":-9223372036854775808}");
    assert_round_trip("{\"v\":1,\"r\":[0.1,1.0,-0.0,1e+300,4.94065645841247e-324,0.30000000000000004,1."
                      "7976931348623157e+308]}");
    assert_round_trip("{\"v\":1,\"nul\":\"a\\u0000b\"}");
}

static void hostile_lines_are_refused(void **state)
{
    (void)state;
    assert_refused("", "not a record");
    assert_refused("{", "not a record");
    assert_refused("[1]", "object");
    assert_refused("{\"v\":1,\"src\":\"a\"", "not a record");
    assert_refused("{\"v\":1} x", "not a record");
    assert_refused("{\"v\":1,\"a\":1,\"a\":2}", "duplicate");
    assert_refused("{\"v\":1,\"x\":{\"a\":1,\"a\":2}}", "duplicate");
    assert_refused("{\"v\":1,\"x\":\"\xff\"}", "decode byte 0xff");
    assert_refused("{\"v\":1,\"x\":1e999}", "overflow");
    assert_refused("{\"v\":1,\"x\":18446744073709551616}", "big integer");
    assert_refused("{\"v\":1,\"x\":NaN}", "not a record");
    assert_refused("{\"v\":1,\"a\\u0000b\":1}", "NUL");
    assert_refused("{}", "no version");
    assert_refused("{\"v\":\"1\"}", "no version");
    assert_refused("{\"v\":1.0}", "no version");
    assert_refused("{\"v\":2}", "version 2");
}

static void known_fields_are_checked(void **state)
{
    (void)state;
    assert_refused("{\"v\":1,\"src\":1}", "src");
    assert_refused("{\"v\":1,\"src\":\"a\\u0000b\"}", "NUL");
    assert_refused("{\"v\":1,\"src_b64\":\"*\"}", "src_b64");
    assert_refused("{\"v\":1,\"src_b64\":\"YQBi\"}", "NUL");
    assert_refused("{\"v\":1,\"src\":\"a\",\"src_b64\":\"YQ==\"}", "one of");
    assert_refused("{\"v\":1,\"w\":0}", "w: ");
    assert_refused("{\"v\":1,\"h\":1.5}", "h: ");
    assert_refused("{\"v\":1,\"max_side\":-1}", "max_side");
    assert_refused("{\"v\":1,\"faces\":{}}", "faces: ");
    assert_refused("{\"v\":1,\"faces\":[{},3]}", "faces[1]");
    assert_refused("{\"v\":1,\"faces\":[{\"box\":[1,2,3]}]}", "faces[0].box");
    assert_refused("{\"v\":1,\"faces\":[{\"box\":[1,2,3,1e12]}]}", "faces[0].box");
    assert_refused("{\"v\":1,\"faces\":[{\"score\":1.5}]}", "faces[0].score");
    assert_refused("{\"v\":1,\"faces\":[{\"landmarks\":[[1,2]]}]}", "faces[0].landmarks");
    assert_refused("{\"v\":1,\"faces\":[{\"landmarks\":[[1,2],[1,2],[1,2],[1,2],[1]]}]}", "landmarks[4]");
    assert_refused("{\"v\":1,\"faces\":[{\"quality\":1.5}]}", "faces[0].quality: want a number from 0 to 1");
    assert_refused("{\"v\":1,\"faces\":[{\"quality\":{}}]}", "faces[0].quality.v: want version 1");
    assert_refused("{\"v\":1,\"faces\":[{\"quality\":{\"v\":1,\"eye_distance\":-1}}]}",
                   "faces[0].quality.eye_distance");
    assert_refused("{\"v\":1,\"faces\":[{\"crop\":1}]}", "faces[0].crop");
    assert_refused("{\"v\":1,\"faces\":[{\"crop\":{\"w\":1,\"h\":5000,\"rgb\":\"AAAA\"}}]}", "faces[0].crop");
    assert_refused("{\"v\":1,\"faces\":[{\"crop\":{\"w\":1,\"h\":1,\"rgb\":\"AAA\"}}]}", "faces[0].crop.rgb");
    assert_refused("{\"v\":1,\"faces\":[{\"crop\":{\"w\":1,\"h\":2,\"rgb\":\"AAAA\"}}]}",
                   "faces[0].crop.rgb");
    assert_refused("{\"v\":1,\"faces\":[{\"embedding\":{\"f32\":\"AAAAAA==\"}}]}", "embedding.model");
    assert_refused("{\"v\":1,\"faces\":[{\"embedding\":{\"model\":\"m\",\"f32\":\"\"}}]}", "embedding.f32");
    assert_refused("{\"v\":1,\"ms\":{\"a\":\"b\"}}", "ms");
    assert_refused("{\"v\":1,\"error\":\"bad\"}", "error");
    assert_refused("{\"v\":1,\"error\":{\"stage\":\"s\",\"code\":\"c\"}}", "error.message");
}

/* Base64 is decoded when it is wanted; what is wrong then is a broken record too. */
static void broken_base64_is_refused_late(void **state)
{
    fc_record r;
    fc_error err;
    fc_image crop;
    const char *contract;
    float *e;
    size_t dim;
    (void)state;

    assert_int_equal(parse(&r,
                           "{\"v\":1,\"faces\":[{\"crop\":{\"w\":1,\"h\":1,\"rgb\":\"A*AA\"},"
                           "\"embedding\":{\"model\":\"m\",\"f32\":\"AADAfw==\"}},"
                           "{\"embedding\":{\"model\":\"m\",\"f32\":\"AAAAAAAA\"}}]}",
                           &err),
                     FC_OK);
    assert_int_equal(fc_face_get_crop(fc_record_face(&r, 0), &crop, &err), FC_ERECORD);
    assert_int_equal(fc_face_get_embedding(fc_record_face(&r, 0), &contract, &e, &dim, &err), FC_ERECORD);
    assert_non_null(strstr(err.message, "finite")); /* it is NaN */
    assert_int_equal(fc_face_get_embedding(fc_record_face(&r, 1), &contract, &e, &dim, &err), FC_ERECORD);
    assert_int_equal(fc_face_get_crop(fc_record_face(&r, 1), &crop, &err), FC_ERECORD);
    fc_record_clear(&r);
}

static void deep_and_long_lines_are_refused(void **state)
{
    size_t n = 100000;
    char *text = malloc(n);
    fc_record r;
    fc_error err;
    (void)state;

    memset(text, '[', n);
    assert_int_equal(fc_record_parse(&r, text, n, "in", 7, &err), FC_ERECORD);
    assert_int_equal(fc_record_parse(&r, text, (size_t)FC_RECORD_MAX_LINE + 1, "in", 7, &err), FC_ELIMIT);
    free(text);
}

static void paths_are_bytes(void **state)
{
    static const char *const paths[] = {"a.jpg",       "a\n\"b\".jpg", "caf\xc3\xa9.jpg",
                                        "caf\xe9.jpg", "\xff\xfe",     ""};
    static const char *const shown[] = {"a.jpg",        "a\\n\"b\".jpg", "caf\xc3\xa9.jpg",
                                        "caf\\xe9.jpg", "\\xff\\xfe",    ""};
    (void)state;

    for (size_t i = 0; i < 6; i++) {
        fc_record r, back;
        fc_error err;
        char *text, *path, *display;
        size_t n;
        assert_int_equal(fc_record_new(&r, paths[i], &err), FC_OK);
        assert_int_equal(fc_record_text(&r, &text, &n, &err), FC_OK);
        assert_int_equal(fc_record_parse(&back, text, n, "in", 1, &err), FC_OK);
        path = fc_record_path(&back);
        display = fc_record_display_path(&back);
        assert_string_equal(path, paths[i]);
        assert_string_equal(display, shown[i]);
        assert_true((json_object_get(back.json, "src_b64") != NULL) == (i == 3 || i == 4));
        free(path);
        free(display);
        free(text);
        fc_record_clear(&r);
        fc_record_clear(&back);
    }
}

static void escapes(void **state)
{
    static const char in[] = "\\ \t\r\n \x1b[31m \x7f \xc2\x9b \xe2\x82\xac \xed\xa0\x80 \xc0\xaf "
                             "\xf0\x9f\x98\x80 \xf4\x90\x80\x80";
    char *out = fc_text_escape(in, sizeof in - 1);
    (void)state;

    assert_string_equal(out,
                        "\\\\ \\t\\r\\n \\x1b[31m \\x7f \\xc2\\x9b \xe2\x82\xac \\xed\\xa0\\x80 \\xc0\\xaf "
                        "\xf0\x9f\x98\x80 \\xf4\\x90\\x80\\x80");
    char back[sizeof in];
    assert_true(fc_text_unescape(back, sizeof back, out, strlen(out)));
    assert_string_equal(back, in);
    assert_false(fc_text_unescape(back, sizeof back - 1, out, strlen(out)));
    free(out);
    assert_int_equal(fc_utf8_char("\xe2\x82\xac", 2), 0);
    assert_int_equal(fc_utf8_char("\xe2\x82\xac", 3), 3);
    assert_true(fc_text_is_utf8("") && fc_text_is_utf8("a\xe2\x82\xac"
                                                       "b"));
    assert_false(fc_text_is_utf8("a\xe2\x82"));
    assert_false(fc_text_is_utf8("\xff"
                                 "a"));
}

static void numbers(void **state)
{
    char out[FC_NUMBER_SIZE];
    uint64_t bits = 88172645463325252u;
    (void)state;

    fc_text_number(out, 0.1);
    assert_string_equal(out, "0.1");
    fc_text_number(out, -3);
    assert_string_equal(out, "-3.0");
    fc_text_number(out, 1e100);
    assert_string_equal(out, "1e+100");
    for (int i = 0; i < 20000; i++) {
        double v;
        bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
        memcpy(&v, &bits, sizeof v);
        if (!isfinite(v))
            continue;
        fc_text_number(out, v);
        assert_true(strtod(out, NULL) == v);
        assert_true(strlen(out) < FC_NUMBER_SIZE);
    }
}

static void numbers_are_read_again(void **state)
{
    static const struct {
        const char *text, *rest;
        double value;
    } good[] = {{"0.1", "", 0.1},      {"-3,4", ",4", -3},    {".5%", "%", 0.5},     {"1e-3 ", " ", 1e-3},
                {"7.e2x", "x", 700.0}, {"1e+2=", "=", 100.0}, {"12 13", " 13", 12.0}};
    static const char *const bad[] = {"",     " 1",     "+1",  "x",    "-",   ".",    "e5",
                                      "0x10", "-0x1p3", "inf", "-inf", "nan", "1e999"};
    const char *end;
    double v;
    (void)state;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(fc_text_read_number(&v, good[i].text, &end));
        assert_true(v == good[i].value);
        assert_string_equal(end, good[i].rest);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(fc_text_read_number(&v, bad[i], &end));
}

/* Needs a locale with a decimal comma, which CTest makes where it can. */
static void needs_locale_numbers(void **state)
{
    char out[FC_NUMBER_SIZE];
    const char *end;
    double back;
    (void)state;

    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8"))
        skip();
    fc_text_number(out, 1234.5);
    const bool read = fc_text_read_number(&back, "0.5%", &end);
    setlocale(LC_NUMERIC, "C");
    assert_string_equal(out, "1234.5");
    assert_true(read && back == 0.5);
    assert_string_equal(end, "%");
}

static const fc_face two_faces[] = {
    {{10.5, 20, 30, 40.125}, 0.999876, {{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9, 10.5}}, true, 270},
    {{-1, -2, 3, 4}, 0.7, {{0}}, false, 0},
};

static void faces_round_trip(void **state)
{
    fc_faces faces = {.face = (fc_face *)two_faces, .n = 2, .cap = 2};
    fc_face f;
    fc_record r;
    fc_error err;
    char *text;
    size_t n;
    (void)state;

    assert_int_equal(fc_record_new(&r, "a.jpg", &err), FC_OK);
    assert_false(fc_record_has_faces(&r));
    assert_int_equal(fc_record_set_size(&r, 640, 480, &err), FC_OK);
    assert_int_equal(fc_record_set_max_side(&r, 320, &err), FC_OK);
    assert_int_equal(fc_record_set_faces(&r, &faces, &err), FC_OK);
    assert_int_equal(fc_record_text(&r, &text, &n, &err), FC_OK);
    assert_string_equal(text,
                        "{\"v\":1,\"src\":\"a.jpg\",\"w\":640,\"h\":480,\"max_side\":320,\"faces\":["
                        "{\"box\":[10.5,20.0,30.0,40.125],\"score\":0.999876,"
                        "\"landmarks\":[[1.0,2.0],[3.0,4.0],[5.0,6.0],[7.0,8.0],[9.0,10.5]],\"turn\":270},"
                        "{\"box\":[-1.0,-2.0,3.0,4.0],\"score\":0.7}]}\n");
    free(text);
    assert_int_equal(fc_record_max_side(&r), 320);
    assert_int_equal(fc_record_face_count(&r), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(fc_record_get_face(&r, i, &f, &err), FC_OK);
        assert_memory_equal(f.box, two_faces[i].box, sizeof f.box);
        assert_true(f.score == two_faces[i].score && f.has_landmarks == two_faces[i].has_landmarks);
        assert_memory_equal(f.landmarks, two_faces[i].landmarks, sizeof f.landmarks);
    }
    fc_record_keep_face(&r, 1);
    assert_int_equal(fc_record_face_count(&r), 1);
    assert_int_equal(fc_record_get_face(&r, 0, &f, &err), FC_OK);
    assert_true(f.score == 0.7);
    fc_record_clear(&r);

    fc_face bad = two_faces[0];
    bad.landmarks[2][1] = NAN;
    faces = (fc_faces){.face = &bad, .n = 1, .cap = 1};
    assert_int_equal(fc_record_new(&r, "a.jpg", &err), FC_OK);
    assert_int_equal(fc_record_set_faces(&r, &faces, &err), FC_EENGINE);
    fc_record_clear(&r);
}

static void a_face_without_score_is_no_face(void **state)
{
    fc_record r;
    fc_face f;
    fc_error err;
    (void)state;

    assert_int_equal(parse(&r, "{\"v\":1,\"faces\":[{\"box\":[1,2,3,4]},{}]}", &err), FC_OK);
    assert_int_equal(fc_record_get_face(&r, 0, &f, &err), FC_ERECORD);
    assert_int_equal(fc_record_get_face(&r, 1, &f, &err), FC_ERECORD);
    fc_record_clear(&r);
}

static void crops_and_embeddings_round_trip(void **state)
{
    uint8_t rgb[2][16] = {{1, 2, 3, 4, 5, 6, 99}, {250, 251, 252, 253, 254, 255, 99}};
    fc_image crop = {.w = 2, .h = 2, .stride = 16, .rgb = rgb[0]}, back;
    const float e[3] = {0.25f, -1e-30f, 3};
    fc_record r;
    fc_error err;
    const char *contract;
    float *out;
    size_t dim;
    (void)state;

    assert_int_equal(parse(&r, "{\"v\":1,\"faces\":[{}]}", &err), FC_OK);
    json_t *face = fc_record_face(&r, 0);
    assert_false(fc_face_has_crop(face) || fc_face_has_embedding(face));
    assert_int_equal(fc_face_set_crop(face, &crop, &err), FC_OK);
    assert_int_equal(fc_face_set_embedding(face, "m:1", e, 3, &err), FC_OK);
    assert_true(fc_face_has_crop(face) && fc_face_has_embedding(face));
    assert_int_equal(fc_face_get_crop(face, &back, &err), FC_OK);
    assert_true(back.w == 2 && back.h == 2 && back.stride == 6 && back.full_w == 2);
    assert_memory_equal(back.rgb, rgb[0], 6);
    assert_memory_equal(back.rgb + 6, rgb[1], 6);
    assert_int_equal(fc_face_get_embedding(face, &contract, &out, &dim, &err), FC_OK);
    assert_string_equal(contract, "m:1");
    assert_int_equal(dim, 3);
    assert_memory_equal(out, e, sizeof e);
    free(back.rgb);
    free(out);
    fc_record_clear(&r);
}

static void errors_and_times(void **state)
{
    fc_error e = {FC_ETRUNCATED, "caf\xe9\n.jpg: ends too early"}, err;
    fc_record r;
    char *text;
    size_t n;
    (void)state;

    assert_int_equal(parse(&r, "{\"v\":1,\"src\":\"a\",\"faces\":[]}", &err), FC_OK);
    assert_false(fc_record_is_error(&r));
    assert_int_equal(fc_record_add_ms(&r, "decode", 1.23456, &err), FC_OK);
    assert_int_equal(fc_record_add_ms(&r, "detect", 2, &err), FC_OK);
    assert_int_equal(fc_record_set_error(&r, "align", &e, &err), FC_OK);
    assert_true(fc_record_is_error(&r));
    assert_false(fc_record_has_faces(&r));
    assert_int_equal(fc_record_text(&r, &text, &n, &err), FC_OK);
    assert_string_equal(
        text,
        "{\"v\":1,\"src\":\"a\",\"ms\":{\"decode\":1.235,\"detect\":2.0},\"error\":{\"stage\":\"align\","
        "\"code\":\"truncated\",\"message\":\"caf\\\\xe9\\\\n.jpg: ends too early\"}}\n");
    free(text);
    fc_record_clear(&r);
}

static long allocations, fails_at;

static void *scarce(size_t n)
{
    return ++allocations == fails_at ? NULL : malloc(n);
}

static fc_status build(fc_record *r, char **text, fc_error *err)
{
    static const fc_faces faces = {(fc_face *)two_faces, 2, 2, true};
    const fc_error fault = {FC_ETRUNCATED, "a.jpg: ends too early"};
    size_t n;
    fc_status s = fc_record_new(r, "a.jpg", err);

    if (s || (s = fc_record_set_size(r, 640, 480, err)) || (s = fc_record_set_max_side(r, 320, err)) ||
        (s = fc_record_set_damaged(r, err)) || (s = fc_record_set_frames(r, 3, err)) ||
        (s = fc_record_set_faces(r, &faces, err)) || (s = fc_record_add_ms(r, "decode", 1, err)) ||
        (s = fc_record_add_ms(r, "detect", 2, err)))
        return s;
    json_t *kept = json_incref(json_object_get(r->json, "faces"));
    if (!(s = fc_record_set_error(r, "align", &fault, err)) && json_object_set(r->json, "was", kept))
        s = FC_ENOMEM;
    json_decref(kept);
    return s ? s : fc_record_text(r, text, &n, err);
}

/* Frames of a file that a server has are not late, whenever they are looked at. */
static void a_frame_is_live_where_others_were_dropped_for_it(void **state)
{
    fc_input in = {.frame = 1, .pts = 0.1, .time = 1.7e9, .dropped = -1};
    fc_error err;
    (void)state;

    for (int live = 0; live < 2; live++) {
        fc_record r;
        in.dropped = live ? 0 : -1;
        assert_int_equal(fc_record_new(&r, "http://h/a.mp4", &err), FC_OK);
        assert_int_equal(fc_record_set_frame(&r, &in, &err), FC_OK);
        assert_int_equal(fc_record_is_live(&r), live);
        fc_record_clear(&r);
    }
}

/* A record is whole, or it is said that it is not. */
static void memory_that_runs_out_is_told(void **state)
{
    json_malloc_t take;
    json_free_t give;
    fc_error err;
    fc_record r;
    char *want, *got;
    fc_status s;
    (void)state;

    json_get_alloc_funcs(&take, &give);
    json_set_alloc_funcs(scarce, free);
    fails_at = 0;
    assert_int_equal(build(&r, &want, &err), FC_OK);
    fc_record_clear(&r);
    const long all = allocations;
    for (fails_at = 1; fails_at <= all; fails_at++) {
        allocations = 0;
        s = build(&r, &got, &err);
        if (!s) { /* the path as bytes is whole, too */
            if (!strstr(got, "src_b64"))
                assert_string_equal(got, want);
            free(got);
        } else {
            assert_int_equal(s, FC_ENOMEM);
        }
        fc_record_clear(&r);
    }
    json_set_alloc_funcs(take, give);
    free(want);
    assert_true(all > 50);
}

static void a_full_disk_is_seen(void **state)
{
    FILE *f = fopen("/dev/full", "w");
    fc_record r;
    fc_error err = {0};
    (void)state;

    if (!f)
        skip();
    setvbuf(f, NULL, _IONBF, 0);
    assert_int_equal(fc_record_new(&r, "a", &err), FC_OK);
    assert_int_equal(fc_record_write(&r, f, &err), FC_EIO);
    fc_record_clear(&r);
    fclose(f);
}

/* Numbers go in with six decimals, and come back from text as they were. */
static void test_quality(void **state)
{
    static const char line[] = "{\"v\":1,\"faces\":[{\"quality\":0.5}]}";
    const fc_quality q = {.eye_distance = 36.1234567,
                          .yaw = -12.5,
                          .roll = 3,
                          .pitch_ratio = 0.5,
                          .sharpness = 143.25,
                          .luminance = 0.4,
                          .overexposed = 0.01,
                          .underexposed = 0.03,
                          .dynamic_range = 6.9,
                          .uniformity = 0.8,
                          .inside = 1};
    fc_record r = {0}, again = {0};
    fc_quality got;
    char *text;
    size_t n;

    (void)state;
    assert_int_equal(fc_record_parse(&r, line, strlen(line), "x", 1, NULL), FC_OK);
    assert_false(fc_face_get_quality(fc_record_face(&r, 0), &got)); /* a number is not what was measured */
    assert_int_equal(fc_face_set_quality(fc_record_face(&r, 0), &q, NULL), FC_OK);
    assert_int_equal(fc_record_text(&r, &text, &n, NULL), FC_OK);
    assert_string_equal(text,
                        "{\"v\":1,\"faces\":[{\"quality\":{\"v\":1,\"eye_distance\":36.123457,\"yaw\":-12.5,"
                        "\"roll\":3.0,\"pitch_ratio\":0.5,\"sharpness\":143.25,\"luminance\":0.4,"
                        "\"overexposed\":0.01,\"underexposed\":0.03,\"dynamic_range\":6.9,\"uniformity\":0.8,"
                        "\"inside\":1.0}}]}\n");
    assert_int_equal(fc_record_parse(&again, text, n, "x", 1, NULL), FC_OK);
    assert_true(fc_face_get_quality(fc_record_face(&again, 0), &got));
    assert_true(got.eye_distance == 36.123457 && got.yaw == q.yaw && got.inside == 1);
    free(text);
    fc_record_clear(&again);
    fc_record_clear(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_fields_pass),
        cmocka_unit_test(hostile_lines_are_refused),
        cmocka_unit_test(known_fields_are_checked),
        cmocka_unit_test(broken_base64_is_refused_late),
        cmocka_unit_test(deep_and_long_lines_are_refused),
        cmocka_unit_test(paths_are_bytes),
        cmocka_unit_test(escapes),
        cmocka_unit_test(numbers),
        cmocka_unit_test(numbers_are_read_again),
        cmocka_unit_test(needs_locale_numbers),
        cmocka_unit_test(faces_round_trip),
        cmocka_unit_test(a_face_without_score_is_no_face),
        cmocka_unit_test(crops_and_embeddings_round_trip),
        cmocka_unit_test(errors_and_times),
        cmocka_unit_test(a_frame_is_live_where_others_were_dropped_for_it),
        cmocka_unit_test(memory_that_runs_out_is_told),
        cmocka_unit_test(a_full_disk_is_seen),
        cmocka_unit_test(test_quality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
