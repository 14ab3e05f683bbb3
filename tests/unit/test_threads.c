/* Order, faults at every callback, and that no item is lost or freed twice. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/threads.h"

#define NONE SIZE_MAX

struct run {
    size_t items;                            /* then the end */
    size_t fail_read, fail_work, fail_write; /* at this item; NONE: never */
    size_t read;
    atomic_size_t written; /* items that came in order */
    bool disorder;
    int workers;
    atomic_int live; /* items that were made and not freed */
    atomic_int inflight_max;
    atomic_bool bad_worker, shared_worker;
    atomic_int busy[32];
    int blocked[2]; /* a pipe that read waits on at the end, where there is one */
    bool interrupted;
};

static fc_status read_item(void *ctx, void **item, fc_error *err)
{
    struct run *r = ctx;

    if (r->read == r->fail_read)
        return fc_fail(err, FC_EIO, "read %zu", r->read);
    if (r->read == r->items) {
        char c;
        if (r->blocked[1])
            (void)!read(r->blocked[0], &c, 1);
        return FC_END;
    }
    size_t *n = malloc(sizeof *n);
    *n = r->read++;
    int live = atomic_fetch_add(&r->live, 1) + 1, max = atomic_load(&r->inflight_max);
    while (live > max && !atomic_compare_exchange_weak(&r->inflight_max, &max, live))
        ;
    *item = n;
    return FC_OK;
}

static fc_status work_item(void *ctx, int worker, void *item, fc_error *err)
{
    struct run *r = ctx;
    size_t n = *(size_t *)item;

    if (worker < 0 || worker >= r->workers)
        atomic_store(&r->bad_worker, true);
    else if (atomic_fetch_add(&r->busy[worker], 1))
        atomic_store(&r->shared_worker, true);
    if (n % 7 == 0)
        usleep(200); /* so that later items are done earlier */
    if (worker >= 0 && worker < r->workers)
        atomic_fetch_sub(&r->busy[worker], 1);
    return n == r->fail_work ? fc_fail(err, FC_EENGINE, "work %zu", n) : FC_OK;
}

static void drop_item(void *ctx, void *item)
{
    struct run *r = ctx;

    atomic_fetch_sub(&r->live, 1);
    free(item);
}

static fc_status write_item(void *ctx, void *item, fc_error *err)
{
    struct run *r = ctx;
    size_t n = *(size_t *)item;

    drop_item(ctx, item);
    if (n == r->fail_write)
        return fc_fail(err, FC_EIO, "write %zu", n);
    r->disorder = r->disorder || n != r->written;
    r->written++;
    return FC_OK;
}

static void interrupt(void *ctx)
{
    struct run *r = ctx;

    r->interrupted = true;
    if (r->blocked[1])
        (void)!write(r->blocked[1], "x", 1);
}

static const fc_pipeline pipeline = {
    .read = read_item, .work = work_item, .write = write_item, .drop = drop_item, .interrupt = interrupt};
static const int worker_counts[] = {0, 1, 2, 3, 16};

static fc_status run(struct run *r, int workers, fc_error *err)
{
    r->workers = workers < 1 ? 1 : workers;
    fc_status s = fc_pipeline_run(&pipeline, r, workers, err);

    assert_false(r->disorder);
    assert_int_equal(atomic_load(&r->live), 0);
    assert_false(atomic_load(&r->bad_worker));
    assert_false(atomic_load(&r->shared_worker));
    assert_true(atomic_load(&r->inflight_max) <= 4 * r->workers);
    return s;
}

static void order_is_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof worker_counts / sizeof *worker_counts; i++) {
        for (size_t items = 0; items <= 300; items = items * 3 + 1) {
            struct run r = {.items = items, .fail_read = NONE, .fail_work = NONE, .fail_write = NONE};
            fc_error err = {0};
            assert_int_equal(run(&r, worker_counts[i], &err), FC_OK);
            assert_int_equal(r.written, items);
            assert_false(r.interrupted);
        }
    }
}

/* What came before the fault is written, nothing behind it, and the message is the fault's. */
static void faults_stop_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof worker_counts / sizeof *worker_counts; i++) {
        for (size_t at = 0; at < 60; at += 13) {
            for (int kind = 0; kind < 3; kind++) {
                static const char *const names[] = {"read", "work", "write"};
                struct run r = {.items = 100,
                                .fail_read = kind == 0 ? at : NONE,
                                .fail_work = kind == 1 ? at : NONE,
                                .fail_write = kind == 2 ? at : NONE};
                fc_error err = {0};
                char want[32];
                snprintf(want, sizeof want, "%s %zu", names[kind], at);
                assert_int_equal(run(&r, worker_counts[i], &err), kind == 1 ? FC_EENGINE : FC_EIO);
                assert_string_equal(err.message, want);
                assert_int_equal(r.written, at);
            }
        }
    }
}

static void the_first_of_two_faults_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof worker_counts / sizeof *worker_counts; i++) {
        struct run r = {.items = 100, .fail_read = 9, .fail_work = 7, .fail_write = 8};
        fc_error err = {0};
        assert_int_equal(run(&r, worker_counts[i], &err), FC_EENGINE);
        assert_string_equal(err.message, "work 7");
        assert_int_equal(r.written, 7);
    }
}

/* A read that waits for its source does not keep a failed run from ending. */
static void a_waiting_read_is_interrupted(void **state)
{
    (void)state;
    for (int workers = 2; workers <= 4; workers++) {
        struct run r = {.items = 3, .fail_read = NONE, .fail_work = NONE, .fail_write = 1};
        assert_int_equal(pipe(r.blocked), 0);
        assert_int_equal(run(&r, workers, NULL), FC_EIO);
        assert_true(r.interrupted);
        close(r.blocked[0]);
        close(r.blocked[1]);
    }
}

static int two_then_five(void *ctx)
{
    return ((const struct run *)ctx)->written < 20 ? 2 : 5;
}

/* Five items rest on their way, as soon as so many may be. */
static fc_status work_slowly(void *ctx, int worker, void *item, fc_error *err)
{
    struct run *r = ctx;

    for (int i = 0; r->written >= 20 && atomic_load(&r->inflight_max) < 5 && i < 10000; i++)
        usleep(100);
    return work_item(ctx, worker, item, err);
}

static fc_status write_and_see(void *ctx, void *item, fc_error *err)
{
    struct run *r = ctx;

    if (r->written < 20) /* the next one may be read with more at the same time */
        assert_true(atomic_load(&r->inflight_max) <= 2);
    return write_item(ctx, item, err);
}

static void no_more_are_on_their_way_than_the_window_says(void **state)
{
    fc_pipeline narrow = pipeline;

    (void)state;
    narrow.window = two_then_five;
    narrow.work = work_slowly;
    narrow.write = write_and_see;
    for (int workers = 2; workers <= 8; workers *= 2) {
        struct run r = {
            .items = 100, .fail_read = NONE, .fail_work = NONE, .fail_write = NONE, .workers = workers};
        assert_int_equal(fc_pipeline_run(&narrow, &r, workers, NULL), FC_OK);
        assert_int_equal(r.written, 100);
        assert_int_equal(atomic_load(&r.inflight_max), 5);
    }
}

static void cpus_are_counted(void **state)
{
    cpu_set_t all, one;
    int n = fc_cpu_count(), first = 0;
    (void)state;

    assert_true(n >= 1);
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    assert_true(n <= CPU_COUNT(&all));
    while (!CPU_ISSET(first, &all))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(fc_cpu_count(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

/* What --jobs comes to. */
static void jobs_are_bounded(void **state)
{
    const int cpus = fc_cpu_count();
    (void)state;

    assert_int_equal(fc_jobs(0), cpus < FC_MAX_JOBS ? cpus : FC_MAX_JOBS);
    assert_int_equal(fc_jobs(-1), fc_jobs(0));
    assert_int_equal(fc_jobs(1), 1);
    assert_int_equal(fc_jobs(FC_MAX_JOBS), FC_MAX_JOBS);
    assert_int_equal(fc_jobs(FC_MAX_JOBS + 1), FC_MAX_JOBS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_kept),
        cmocka_unit_test(faults_stop_in_order),
        cmocka_unit_test(the_first_of_two_faults_counts),
        cmocka_unit_test(a_waiting_read_is_interrupted),
        cmocka_unit_test(no_more_are_on_their_way_than_the_window_says),
        cmocka_unit_test(cpus_are_counted),
        cmocka_unit_test(jobs_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
