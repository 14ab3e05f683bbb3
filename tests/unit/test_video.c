/* Videos: names that are masked, delays, and live streams, of a video that is made here. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "facecheck.h"
#include "video/capture.h"
#include "video/backoff.h"
#include "video/live.h"
#include "video/stream_box.h"
#include "video/video.h"

enum { FRAMES = 40, PER_SECOND = 40 };
static char path[64];

/* ---- an AVI of one JPEG again and again ---- */

static void put32(FILE *f, uint32_t v)
{
    assert_int_equal(fwrite(&v, 4, 1, f), 1);
}

static void put_tag(FILE *f, const char *tag)
{
    assert_int_equal(fwrite(tag, 1, 4, f), 4);
}

static void put_zeros(FILE *f, int n)
{
    while (n--)
        fputc(0, f);
}

static void put_header(FILE *f, uint32_t movi)
{
    put_tag(f, "RIFF"), put32(f, 4 + 8 + 192 + 8 + movi), put_tag(f, "AVI ");
    put_tag(f, "LIST"), put32(f, 192), put_tag(f, "hdrl");
    put_tag(f, "avih"), put32(f, 56), put32(f, 1000000 / PER_SECOND), put_zeros(f, 12);
    put32(f, FRAMES), put32(f, 0), put32(f, 1), put32(f, 0), put32(f, 96), put32(f, 96), put_zeros(f, 16);
    put_tag(f, "LIST"), put32(f, 116), put_tag(f, "strl");
    put_tag(f, "strh"), put32(f, 56), put_tag(f, "vids"), put_tag(f, "MJPG"), put_zeros(f, 12);
    put32(f, 1), put32(f, PER_SECOND), put32(f, 0), put32(f, FRAMES), put_zeros(f, 20);
    put_tag(f, "strf"), put32(f, 40), put32(f, 40), put32(f, 96), put32(f, 96), put32(f, 1 | 24 << 16);
    put_tag(f, "MJPG"), put32(f, 96 * 96 * 3), put_zeros(f, 16);
}

static int make_video(void **state)
{
    char photo[300];
    fc_bytes jpeg;
    fc_error err;
    FILE *f;

    (void)state;
    snprintf(photo, sizeof photo, "%s/bad/whole.jpg", getenv("FC_TESTS"));
    strcpy(path, "/tmp/test_video.XXXXXX");
    const int fd = mkstemp(path);
    if (fd < 0 || fc_bytes_read_file(&jpeg, photo, 1 << 20, &err) || !(f = fdopen(fd, "wb")))
        return -1;
    const uint32_t n = (uint32_t)jpeg.n, even = n + n % 2;
    put_header(f, 4 + FRAMES * (8 + even));
    put_tag(f, "LIST"), put32(f, 4 + FRAMES * (8 + even)), put_tag(f, "movi");
    for (int i = 0; i < FRAMES; i++) {
        put_tag(f, "00dc"), put32(f, n);
        assert_int_equal(fwrite(jpeg.data, 1, n, f), n);
        put_zeros(f, (int)(even - n));
    }
    fc_bytes_clear(&jpeg);
    return fclose(f);
}

static int remove_video(void **state)
{
    (void)state;
    return unlink(path);
}

/* ---- live streams ---- */

static fc_live *open_live(int wake)
{
    const fc_video_options opt = {.live = true};
    const fc_image_options picture = {0};
    fc_live *l;
    fc_error err;

    assert_int_equal(fc_live_new(&l, wake, &opt, &picture, &err), FC_OK);
    return l;
}

static void add(fc_live *l, const char *name)
{
    const fc_video_from from = {.name = name};
    fc_error err;
    const fc_status s = fc_live_add(l, &from, name, NULL, &err);

    if (s == FC_EUNSUPPORTED)
        skip(); /* a build without libav */
    assert_int_equal(s, FC_OK);
}

static void two_at_once_give_their_newest_frames(void **state)
{
    const int wake = eventfd(0, 0);
    fc_live *l = open_live(wake);
    const double start = fc_now();
    uint64_t taken = 0, dropped = 0, last = 0;
    fc_live_event e;
    fc_error err;
    fc_status s;

    (void)state;
    add(l, path);
    add(l, path);
    while (!(s = fc_live_next(l, &e, &err))) {
        assert_int_equal(e.kind, FC_LIVE_FRAME);
        assert_string_equal(e.src, path);
        assert_int_equal(e.frame.image.w, 96);
        assert_true(e.frame.time > 1e9);
        taken++;
        dropped += (uint64_t)e.frame.dropped;
        last += e.frame.frame == FRAMES - 1;
        fc_image_clear(&e.frame.image);
        usleep(30000);
    }
    assert_int_equal(s, FC_END);
    assert_true(fc_now() - start > 0.9 * FRAMES / PER_SECOND);
    assert_int_equal(taken + dropped, 2 * FRAMES);
    assert_true(dropped > 0);
    assert_int_equal(last, 2); /* what came last is never lost */
    assert_int_equal(fc_live_count(l), 2);
    for (size_t i = 0; i < 2; i++) {
        const fc_live_facts f = fc_live_facts_of(l, i);
        assert_true(f.reached && f.wanted == FRAMES && f.taken + f.dropped == FRAMES && f.gaps == 0);
    }
    fc_live_free(l);
    close(wake);
}

static void it_ends_at_once_when_it_is_woken(void **state)
{
    const int wake = eventfd(0, 0);
    fc_live *l = open_live(wake);
    const double start = fc_now();
    fc_live_event e;
    fc_error err;

    (void)state;
    add(l, path);
    add(l, "rtsp://127.0.0.1:9/nobody"); /* waits before it is tried again */
    while (!fc_live_next(l, &e, &err) && e.kind != FC_LIVE_FRAME) {
    }
    fc_image_clear(&e.frame.image);
    eventfd_write(wake, 1);
    assert_int_equal(fc_live_next(l, &e, &err), FC_END);
    assert_int_equal(fc_live_next(l, &e, &err), FC_END);
    fc_live_free(l);
    assert_true(fc_now() - start < 20);
    close(wake);
}

static void a_file_that_is_none_is_a_fault(void **state)
{
    const int wake = eventfd(0, 0);
    fc_live *l = open_live(wake);
    fc_live_event e;
    fc_error err;

    (void)state;
    add(l, "/nowhere/at-all.mkv");
    assert_int_equal(fc_live_next(l, &e, &err), FC_OK);
    assert_int_equal(e.kind, FC_LIVE_FAULT);
    assert_int_equal(e.why.status, FC_EMISSING);
    assert_int_equal(fc_live_next(l, &e, &err), FC_END);
    assert_false(fc_live_facts_of(l, 0).reached);
    fc_live_free(l);
    close(wake);
}

/* ---- the order of what a stream has ---- */

static char pictures[3]; /* their addresses stand for stills */

static fc_stream_event frame_at(int i, double time)
{
    return (fc_stream_event){.still = (fc_av_still *)&pictures[i], .number = i, .time = time};
}

static void put_gap(fc_stream_box *b, double from, double to)
{
    const fc_gap gap = {from, to, 1};
    const fc_error why = {.status = FC_EIO};

    fc_stream_box_put_gap(b, &gap, &why);
}

static void put_frame(fc_stream_box *b, int i, double time, int replaces)
{
    const fc_stream_event frame = frame_at(i, time);

    assert_ptr_equal(fc_stream_box_put_frame(b, &frame), replaces < 0 ? NULL : &pictures[replaces]);
}

static void assert_gap(fc_stream_box *b, double from, double to, uint64_t attempts)
{
    fc_stream_event e;

    assert_true(fc_stream_box_take(b, &e));
    assert_int_equal(e.kind, FC_STREAM_GAP);
    assert_true(fabs(e.gap.from - from) <= 0 && fabs(e.gap.to - to) <= 0);
    assert_int_equal(e.gap.attempts, attempts);
    assert_int_equal(e.why.status, FC_EIO);
}

static void assert_frame(fc_stream_box *b, int i, uint64_t dropped)
{
    fc_stream_event e;

    assert_true(fc_stream_box_take(b, &e));
    assert_int_equal(e.kind, FC_STREAM_STILL);
    assert_ptr_equal(e.still, &pictures[i]);
    assert_int_equal(e.number, i);
    assert_int_equal(e.dropped, dropped);
}

static void gaps_and_frames_come_in_the_order_of_time(void **state)
{
    fc_stream_box b = {0};
    fc_stream_event e;

    (void)state;
    put_frame(&b, 0, 1, -1); /* not taken before the stream is away, and back */
    put_gap(&b, 1, 5);
    put_gap(&b, 6, 9);
    assert_frame(&b, 0, 0);
    assert_gap(&b, 1, 9, 2);
    assert_false(fc_stream_box_take(&b, &e));
    put_frame(&b, 0, 10, -1);
    put_gap(&b, 10, 15);
    put_frame(&b, 1, 15, 0);
    put_gap(&b, 15, 20);
    put_frame(&b, 2, 20, 1); /* of three, the newest; one gap in front of it */
    assert_gap(&b, 10, 20, 2);
    assert_frame(&b, 2, 2);
    put_frame(&b, 0, 21, -1);
    put_gap(&b, 21, 25);
    assert_frame(&b, 0, 0);
    put_frame(&b, 1, 25, -1); /* the gap is still to be told */
    assert_gap(&b, 21, 25, 1);
    assert_frame(&b, 1, 0);
    assert_false(fc_stream_box_take(&b, &e));
}

static void the_end_is_behind_all_and_told_once(void **state)
{
    fc_stream_box b = {.ended = true, .last = {true, {8, NAN, 3}, {.status = FC_EIO}}};
    fc_stream_event e;

    (void)state;
    put_frame(&b, 0, 1, -1);
    put_gap(&b, 1, 7);
    assert_frame(&b, 0, 0);
    assert_gap(&b, 1, 7, 1);
    assert_true(fc_stream_box_take(&b, &e));
    assert_true(e.kind == FC_STREAM_GAP && isnan(e.gap.to) && e.gap.attempts == 3);
    assert_true(fc_stream_box_take(&b, &e));
    assert_int_equal(e.kind, FC_STREAM_END);
    assert_false(fc_stream_box_take(&b, &e));
}

/* ---- names and delays ---- */

static void passwords_are_masked(void **state)
{
    static const char *const cases[][2] = {
        {"rtsp://a:b@h:554/x", "rtsp://a:***@h:554/x"},
        {"rtsp://a:b@c@h/x", "rtsp://a:***@h/x"},
        {"rtsp://a:b/c@h/x", "rtsp://a:***@h/x"},
        {"rtsp://a:1/c@h/x", "rtsp://a:1/c@h/x"}, /* a port, and a path with an @ */
        {"rtsp://h:554/x@y", "rtsp://h:554/x@y"},
        {"rtsp://t@h/x", "rtsp://***@h/x"},
        {"http://h/x?token=b", "http://h/x?***"},
        {"http://h/x#b", "http://h/x#***"},
        {"rtsp://h/user=a&password=b&channel=1", "rtsp://h/user=a&password=***&channel=1"},
        {"rtsp://h/PASSWD=", "rtsp://h/PASSWD=***"},
        {"rtsp://", "rtsp://"},
        {"rtsp://:@", "rtsp://:***@"},
        {"/home/a:b@c?d", "/home/a:b@c?d"},
        {"", ""}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = fc_video_masked(cases[i][0]);
        assert_string_equal(got, cases[i][1]);
        free(got);
    }
}

static void delays_double_up_to_a_limit_and_repeat(void **state)
{
    fc_backoff a = fc_backoff_of("rtsp://a", 30), again = a, b = fc_backoff_of("rtsp://b", 30);
    double most = 1;
    bool differ = false;

    (void)state;
    for (int i = 0; i < 100; i++, most = fmin(2 * most, 30)) {
        const double d = fc_backoff_next(&a);
        assert_true(d >= most / 2 && d <= most);
        assert_true(fabs(fc_backoff_next(&again) - d) <= 0);
        differ |= fabs(fc_backoff_next(&b) - d) > 1e-3;
    }
    assert_true(differ);
}

static void cameras_are_asked_as_people_write_it(void **state)
{
    static const struct {
        const char *text;
        fc_capture want;
    } good[] = {{NULL, {0, 0, 0}},
                {"640x480", {640, 480, 0}},
                {"1x1", {1, 1, 0}},
                {"16384x16384@1000", {16384, 16384, 1000}},
                {"1280x720@29.97", {1280, 720, 29.97}},
                {"@15", {0, 0, 15}}};
    static const char *const bad[] = {"",
                                      "640",
                                      "640x",
                                      "x480",
                                      "0x480",
                                      "640x0",
                                      "16385x1",
                                      "1x16385",
                                      "640x480 ",
                                      " 640x480",
                                      "640x480@",
                                      "640x480@0",
                                      "640x480@-1",
                                      "640x480@1001",
                                      "640x480@1x",
                                      "@",
                                      "640x480x3",
                                      "+640x480",
                                      "99999999999999999999x1"};
    fc_capture c;
    fc_error err;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(fc_capture_parse(&c, good[i].text, &err), FC_OK);
        assert_int_equal(c.w, good[i].want.w);
        assert_int_equal(c.h, good[i].want.h);
        assert_true(c.rate == good[i].want.rate);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (fc_capture_parse(&c, bad[i], &err) != FC_EUSAGE || c.w || c.h || c.rate > 0)
            fail_msg("%s", bad[i]);
}

static void names_of_streams_are_told_from_files(void **state)
{
    (void)state;
    assert_true(fc_video_is_stream("RTSP://door/1") && fc_video_is_live("RTSP://door/1"));
    assert_true(fc_video_is_stream("https://door/1.mp4") && !fc_video_is_live("https://door/1.mp4"));
    /* devices that are no camera, and what is not there */
    static const char *const none[] = {"/dev/null", "/dev/zero", "/dev/video97", ".", "rtsp", "video0"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(fc_video_is_stream(none[i]) || fc_video_is_live(none[i]) || fc_video_is_camera(none[i]));
    assert_false(fc_video_is_camera("rtsp://door/1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(passwords_are_masked),
                                       cmocka_unit_test(cameras_are_asked_as_people_write_it),
                                       cmocka_unit_test(names_of_streams_are_told_from_files),
                                       cmocka_unit_test(delays_double_up_to_a_limit_and_repeat),
                                       cmocka_unit_test(gaps_and_frames_come_in_the_order_of_time),
                                       cmocka_unit_test(the_end_is_behind_all_and_told_once),
                                       cmocka_unit_test(two_at_once_give_their_newest_frames),
                                       cmocka_unit_test(it_ends_at_once_when_it_is_woken),
                                       cmocka_unit_test(a_file_that_is_none_is_a_fault)};

    return cmocka_run_group_tests(tests, make_video, remove_video);
}
