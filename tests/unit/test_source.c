/* Where inputs come from: operands, lists, folders, stdin, and what is damaged on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "facecheck.h"

static char dir[64];

static const char *in_dir(const char *name)
{
    static char path[16][200];
    static int at;

    at = (at + 1) % 16;
    snprintf(path[at], sizeof path[at], "%s/%s", dir, name);
    return path[at];
}

static void put(const char *name, const void *data, size_t n)
{
    FILE *f = fopen(in_dir(name), "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void put_text(const char *name, const char *text)
{
    put(name, text, strlen(text));
}

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/test_source.XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    mkdir(in_dir("photos"), 0700);
    mkdir(in_dir("photos/more"), 0700);
    mkdir(in_dir("empty"), 0700);
    put_text("photos/b.jpg", "b");
    put_text("photos/a.png", "a");
    put_text("photos/.hidden.jpg", "h");
    put_text("photos/notes.txt", "n");
    put_text("photos/more/c.jpg", "c");
    put_text("empty/notes.txt", "n");
    put_text("records.jsonl", "{\"v\":1,\"src\":\"a\"}\n\n{\"v\":1,\"src\":\"b\"}\n{broken\n");
    put_text("other.json", "{\"name\":\"no record\"}\n");
    return 0;
}

static int teardown(void **state)
{
    char command[100];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command);
}

/* The next input is of this kind and path; NULL: there is none. */
static void expect(fc_source *in, fc_input_kind kind, const char *path, fc_input *out)
{
    fc_input own;
    fc_error err;
    fc_status s = fc_source_next(in, out ? out : &own, &err);

    if (!path) {
        assert_int_equal(s, FC_END);
        return;
    }
    assert_int_equal(s, FC_OK);
    assert_string_equal((out ? out : &own)->path, path);
    assert_int_equal((out ? out : &own)->kind, kind);
    if (!out)
        fc_input_clear(&own);
}

static fc_source *open_source(const fc_source_options *o, const char *operand)
{
    static char *operands[1];
    fc_source *in;
    fc_error err;

    operands[0] = (char *)operand;
    assert_int_equal(fc_source_open(&in, o, operands, operand != NULL, &err), FC_OK);
    return in;
}

static void operands_come_in_their_order(void **state)
{
    char *operands[] = {(char *)in_dir("photos/b.jpg"), (char *)in_dir("not there"),
                        (char *)in_dir("photos/a.png")};
    const fc_source_options o = {0};
    fc_source *in;
    fc_error err;

    (void)state;
    assert_int_equal(fc_source_open(&in, &o, operands, 3, &err), FC_OK);
    for (int i = 0; i < 3; i++)
        expect(in, FC_INPUT_PATH, operands[i], NULL);
    expect(in, 0, NULL, NULL);
    assert_null(fc_source_nothing(in));
    fc_source_close(in);
}

static void folders_are_sorted_and_hide_what_is_no_picture(void **state)
{
    fc_source_options o = {0};
    char *glob[] = {"b*"};
    fc_source *in = open_source(&o, in_dir("photos"));
    fc_input fault;

    (void)state;
    expect(in, FC_INPUT_PATH, in_dir("photos/a.png"), NULL);
    expect(in, FC_INPUT_PATH, in_dir("photos/b.jpg"), NULL);
    expect(in, 0, NULL, NULL);
    fc_source_close(in);

    o = (fc_source_options){.recursive = true, .exclude = {.text = (void *)glob, .n = 1}};
    in = open_source(&o, in_dir("photos"));
    expect(in, FC_INPUT_PATH, in_dir("photos/a.png"), NULL);
    expect(in, FC_INPUT_PATH, in_dir("photos/more/c.jpg"), NULL);
    expect(in, 0, NULL, NULL);
    fc_source_close(in);

    in = open_source(&o, in_dir("empty"));
    expect(in, FC_INPUT_FAULT, in_dir("empty"), &fault);
    assert_int_equal(fault.fault.status, FC_EEMPTY);
    assert_non_null(strstr(fault.fault.message, "1 other file, such as notes.txt"));
    fc_input_clear(&fault);
    expect(in, 0, NULL, NULL);
    fc_source_close(in);
}

static void a_list_has_a_name_on_each_line(void **state)
{
    fc_source_options o = {.files_from = in_dir("list")};
    char text[500];
    fc_source *in;
    fc_input fault;

    (void)state;
    snprintf(text, sizeof text, "%s\n\n-\n%s\n%s\r\n", in_dir("photos/b.jpg"), in_dir("photos/more"),
             in_dir("photos/a.png"));
    put_text("list", text);
    in = open_source(&o, NULL);
    expect(in, FC_INPUT_PATH, in_dir("photos/b.jpg"), NULL);
    expect(in, FC_INPUT_PATH, "./-", NULL); /* a file, not stdin */
    expect(in, FC_INPUT_PATH, in_dir("photos/more/c.jpg"), NULL);
    expect(in, FC_INPUT_FAULT, in_dir("photos/a.png\r"), &fault);
    assert_int_equal(fault.fault.status, FC_EMISSING);
    assert_non_null(strstr(fault.fault.message, "line 5: the name ends in a carriage return"));
    fc_input_clear(&fault);
    expect(in, 0, NULL, NULL);
    fc_source_close(in);
}

static void a_list_may_end_its_names_with_nul(void **state)
{
    fc_source_options o = {.files_from = in_dir("nul-list")};
    char text[500];
    fc_source *in;
    fc_input got;
    fc_error err;
    const int n = snprintf(text, sizeof text, "%s%c%s", in_dir("with\nbreak"), 0, in_dir("photos/a.png"));

    (void)state;
    put("nul-list", text, (size_t)n + 1);
    put_text("with\nbreak", "x");
    in = open_source(&o, NULL);
    expect(in, FC_INPUT_PATH, in_dir("with"), NULL);
    assert_int_equal(fc_source_next(in, &got, &err), FC_ERECORD); /* a NUL in a name */
    fc_source_close(in);

    o.null = true;
    in = open_source(&o, NULL);
    expect(in, FC_INPUT_PATH, in_dir("with\nbreak"), NULL);
    expect(in, FC_INPUT_PATH, in_dir("photos/a.png"), NULL);
    expect(in, 0, NULL, NULL);
    fc_source_close(in);

    const fc_hints hints = {.list = "a list is FILE"};
    o.files_from = NULL;
    assert_int_equal(fc_source_open(&in, &o, NULL, 0, &err), FC_EUSAGE);
    assert_string_equal(err.message, "names that end with NULs, and no list of them");
    o.hints = &hints;
    assert_int_equal(fc_source_open(&in, &o, NULL, 0, &err), FC_EUSAGE);
    assert_string_equal(err.message, "names that end with NULs, and no list of them (a list is FILE)");
}

/* Whoever names such a pipe has forgotten the other end; nobody waits for it. */
static void a_pipe_that_nobody_writes_to_is_a_fault(void **state)
{
    fc_source_options o = {0};
    char want[300];
    fc_source *in;
    fc_input got;
    fc_error err;

    (void)state;
    assert_int_equal(mkfifo(in_dir("alone"), 0600), 0);
    snprintf(want, sizeof want, "%s: is a pipe that nobody writes to", in_dir("alone"));
    in = open_source(&o, in_dir("alone"));
    expect(in, FC_INPUT_FAULT, in_dir("alone"), &got);
    assert_int_equal(got.fault.status, FC_EIO);
    assert_string_equal(got.fault.message, want);
    fc_input_clear(&got);
    expect(in, 0, NULL, NULL);
    fc_source_close(in);

    o.files_from = in_dir("alone");
    in = open_source(&o, NULL);
    assert_int_equal(fc_source_next(in, &got, &err), FC_EIO);
    assert_string_equal(err.message, want);
    fc_source_close(in);
}

/* One that has a writer, who takes longer than is waited for one. */
static void a_slow_writer_is_waited_for(void **state)
{
    fc_source_options o = {.files_from = in_dir("slow")};
    char command[500];
    fc_source *in;

    (void)state;
    assert_int_equal(mkfifo(in_dir("slow"), 0600), 0);
    snprintf(command, sizeof command, "(exec >%s; sleep 2.5; echo none; echo other) &", in_dir("slow"));
    assert_int_equal(system(command), 0);
    in = open_source(&o, NULL);
    expect(in, FC_INPUT_PATH, "none", NULL);
    expect(in, FC_INPUT_PATH, "other", NULL);
    expect(in, 0, NULL, NULL);
    fc_source_close(in);
}

static void records_are_lines_and_other_json_is_a_fault(void **state)
{
    const fc_source_options o = {0};
    fc_source *in = open_source(&o, in_dir("records.jsonl"));
    const size_t line[] = {1, 3, 4}; /* what is wrong with the last one, its reader says */
    fc_input got;

    (void)state;
    for (int i = 0; i < 3; i++) {
        expect(in, FC_INPUT_LINE, in_dir("records.jsonl"), &got);
        assert_int_equal(got.line, line[i]);
        fc_input_clear(&got);
    }
    expect(in, 0, NULL, NULL);
    fc_source_close(in);

    in = open_source(&o, in_dir("other.json"));
    expect(in, FC_INPUT_FAULT, in_dir("other.json"), &got);
    assert_int_equal(got.fault.status, FC_EFORMAT);
    fc_input_clear(&got);
    expect(in, 0, NULL, NULL);
    fc_source_close(in);
}

/* Standard input is a pipe with this text, and none is left for the writer. */
static int feed(const char *text)
{
    const int before = dup(STDIN_FILENO);
    int fd[2];

    assert_int_equal(pipe(fd), 0);
    assert_int_equal(write(fd[1], text, strlen(text)), strlen(text));
    close(fd[1]);
    dup2(fd[0], STDIN_FILENO);
    close(fd[0]);
    return before;
}

static void unfeed(int before)
{
    if (before < 0) {
        close(STDIN_FILENO);
        return;
    }
    dup2(before, STDIN_FILENO);
    close(before);
}

static void stdin_has_records_a_picture_or_nothing(void **state)
{
    const fc_source_options o = {0};
    fc_source *in;
    fc_input got;
    int before;

    (void)state;
    before = feed(" \n{\"v\":1,\"src\":\"a\"}\n");
    in = open_source(&o, NULL);
    expect(in, FC_INPUT_LINE, "stdin", &got);
    assert_string_equal((char *)got.data.data, "{\"v\":1,\"src\":\"a\"}");
    fc_input_clear(&got);
    expect(in, 0, NULL, NULL);
    fc_source_close(in);
    unfeed(before);

    before = feed("\xff\xd8 a picture");
    in = open_source(&o, "-");
    expect(in, FC_INPUT_BYTES, "-", &got);
    assert_int_equal(got.data.n, strlen("\xff\xd8 a picture"));
    fc_input_clear(&got);
    expect(in, 0, NULL, NULL);
    fc_source_close(in);
    unfeed(before);

    before = feed(" \n");
    in = open_source(&o, NULL);
    expect(in, 0, NULL, NULL);
    assert_string_equal(fc_source_nothing(in), "stdin: nothing came, neither records nor a picture");
    fc_source_close(in);
    unfeed(before);
}

static void a_wait_can_be_ended(void **state)
{
    const fc_source_options o = {0};
    const int before = dup(STDIN_FILENO);
    fc_source *in;
    int fd[2];

    (void)state;
    assert_int_equal(pipe(fd), 0); /* into which nobody writes */
    dup2(fd[0], STDIN_FILENO);
    in = open_source(&o, "-");
    fc_source_interrupt(in);
    expect(in, 0, NULL, NULL);
    fc_source_close(in);
    unfeed(before);
    close(fd[0]);
    close(fd[1]);
}

static void only_records_are_wanted(void **state)
{
    fc_input in = {.kind = FC_INPUT_PATH, .path = (char *)in_dir("photos/a.png")};
    fc_error err;

    (void)state;
    assert_int_equal(fc_input_no_records(&in, "a hint", &err), FC_EFORMAT);
    assert_non_null(strstr(err.message, "photos/a.png: no records (a hint)"));
    in = (fc_input){.kind = FC_INPUT_FAULT, .fault = {.status = FC_EIO, .message = "broken"}};
    assert_int_equal(fc_input_no_records(&in, NULL, &err), FC_EIO);
    assert_string_equal(err.message, "broken");
}

static void inputs_that_are_there_are_a_source(void **state)
{
    fc_input ready[2] = {{.kind = FC_INPUT_BYTES, .path = strdup("a")},
                         {.kind = FC_INPUT_LINE, .path = strdup("b"), .line = 7}};
    fc_input got;
    fc_source *in;
    fc_error err;

    (void)state;
    ready[0].data = (fc_bytes){.data = (uint8_t *)strdup("xyz"), .n = 3};
    assert_int_equal(fc_source_of(&in, ready, 2, &err), FC_OK);
    assert_null(ready[0].path);
    assert_null(ready[1].path);
    assert_int_equal(fc_source_next(in, &got, &err), FC_OK);
    assert_int_equal(got.kind, FC_INPUT_BYTES);
    assert_string_equal(got.path, "a");
    assert_memory_equal(got.data.data, "xyz", 3);
    fc_input_clear(&got);
    fc_source_close(in); /* what was not taken is freed */
    assert_int_equal(fc_source_of(&in, NULL, 0, &err), FC_OK);
    assert_int_equal(fc_source_next(in, &got, &err), FC_END);
    fc_source_close(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operands_come_in_their_order),
        cmocka_unit_test(folders_are_sorted_and_hide_what_is_no_picture),
        cmocka_unit_test(a_list_has_a_name_on_each_line),
        cmocka_unit_test(a_list_may_end_its_names_with_nul),
        cmocka_unit_test(a_pipe_that_nobody_writes_to_is_a_fault),
        cmocka_unit_test(a_slow_writer_is_waited_for),
        cmocka_unit_test(records_are_lines_and_other_json_is_a_fault),
        cmocka_unit_test(stdin_has_records_a_picture_or_nothing),
        cmocka_unit_test(a_wait_can_be_ended),
        cmocka_unit_test(only_records_are_wanted),
        cmocka_unit_test(inputs_that_are_there_are_a_source),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
