#include "match/assign.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/size.h"

/* A way to a column, the shortest so far when it was found. */
struct way {
    double distance;
    size_t column;
};

/* The task as one of least cost in which every row gets a column: behind the columns proper, each row has one of its
 * own that costs nothing, which stands for none. */
struct task {
    const fc_assign_pairs *p;
    size_t all;       /* columns + rows */
    size_t *row_of;   /* [all]: the column's row, or FC_ASSIGN_NONE */
    size_t *before;   /* [all]: the column before it on the shortest path; FC_ASSIGN_NONE: the start */
    double *distance; /* [all]: of the path to it; INFINITY between searches */
    double *u, *v;    /* potentials: [rows], [all] */
    bool *reached;    /* [all]; false between searches */
    /* of one search: */
    size_t *seen, nseen; /* columns that have a distance, at most all */
    struct way *heap;    /* the nearest first, of those equally near the first column */
    size_t n, room;
    struct way end; /* the nearest column without a row so far: nothing farther can be on the shortest path */
};

/* ---- the heap ---- */

static bool is_nearer(const struct way *a, const struct way *b)
{
    return a->distance < b->distance || (a->distance <= b->distance && a->column < b->column);
}

static bool push(struct task *t, const struct way *w)
{
    if (fc_grow(&t->heap, t->n + 1, &t->room, sizeof *t->heap, NULL))
        return false;
    size_t at = t->n++;
    for (; at > 0 && is_nearer(w, &t->heap[(at - 1) / 2]); at = (at - 1) / 2)
        t->heap[at] = t->heap[(at - 1) / 2];
    t->heap[at] = *w;
    return true;
}

/* There is one. */
static struct way pop(struct task *t)
{
    const struct way first = t->heap[0], last = t->heap[--t->n];

    size_t at = 0;
    for (size_t below; (below = 2 * at + 1) < t->n; at = below) {
        if (below + 1 < t->n && is_nearer(&t->heap[below + 1], &t->heap[below]))
            below++;
        if (!is_nearer(&t->heap[below], &last))
            break;
        t->heap[at] = t->heap[below];
    }
    t->heap[at] = last;
    return first;
}

/* ---- paths ---- */

/* A way from row, which is so far from the start, to a column. */
static bool look(struct task *t, double so_far, double cost, size_t row, size_t from, size_t column)
{
    const struct way w = {so_far + cost - t->u[row] - t->v[column], column};

    if (t->reached[column] || !(w.distance < t->distance[column]) || is_nearer(&t->end, &w))
        return true;
    if (isinf(t->distance[column]))
        t->seen[t->nseen++] = column;
    t->distance[column] = w.distance;
    t->before[column] = from;
    if (t->row_of[column] == FC_ASSIGN_NONE)
        t->end = w;
    return push(t, &w);
}

static bool look_from(struct task *t, double so_far, size_t row, size_t from)
{
    const fc_assign_pairs *p = t->p;
    bool ok = look(t, so_far, 0, row, from, p->columns + row);

    for (size_t i = p->first[row]; ok && i < p->first[row + 1]; i++)
        if (p->weight[i] > 0)
            ok = look(t, so_far, -p->weight[i], row, from, p->column[i]);
    return ok;
}

/* Dijkstra over reduced costs from row start to the nearest column without a row. False: no memory. */
static bool find_path(struct task *t, size_t start, struct way *end)
{
    size_t row = start, from = FC_ASSIGN_NONE;

    t->n = t->nseen = 0;
    *end = (struct way){0, 0};
    t->end = (struct way){INFINITY, SIZE_MAX};
    for (;;) {
        if (!look_from(t, end->distance, row, from))
            return false;
        do
            *end = pop(t); /* never empty: the row's own column is free */
        while (t->reached[end->column]);
        t->reached[end->column] = true;
        if (t->row_of[end->column] == FC_ASSIGN_NONE)
            return true;
        from = end->column;
        row = t->row_of[from];
    }
}

static bool add_row(struct task *t, size_t row)
{
    struct way end;

    if (!find_path(t, row, &end))
        return false;
    t->u[row] += end.distance;
    for (size_t i = 0; i < t->nseen; i++) {
        const size_t c = t->seen[i];
        if (t->reached[c] && c != end.column) {
            t->u[t->row_of[c]] += end.distance - t->distance[c];
            t->v[c] -= end.distance - t->distance[c];
        }
        t->distance[c] = INFINITY;
        t->reached[c] = false;
    }
    size_t at = end.column;
    for (; t->before[at] != FC_ASSIGN_NONE; at = t->before[at])
        t->row_of[at] = t->row_of[t->before[at]];
    t->row_of[at] = row;
    return true;
}

/* ---- all rows ---- */

static bool open_task(struct task *t)
{
    t->row_of = calloc(t->all, sizeof *t->row_of);
    t->before = calloc(t->all, sizeof *t->before);
    t->seen = calloc(t->all, sizeof *t->seen);
    t->distance = calloc(t->all, sizeof *t->distance);
    t->u = calloc(t->p->rows + 1, sizeof *t->u);
    t->v = calloc(t->all, sizeof *t->v);
    t->reached = calloc(t->all, sizeof *t->reached);
    if (!t->row_of || !t->before || !t->seen || !t->distance || !t->u || !t->v || !t->reached)
        return false;
    for (size_t i = 0; i < t->all; i++) {
        t->row_of[i] = FC_ASSIGN_NONE;
        t->distance[i] = INFINITY;
    }
    return true;
}

static void close_task(struct task *t)
{
    free(t->row_of);
    free(t->before);
    free(t->seen);
    free(t->distance);
    free(t->u);
    free(t->v);
    free(t->reached);
    free(t->heap);
}

fc_status fc_assign(const fc_assign_pairs *p, size_t *column, fc_error *err)
{
    struct task t = {.p = p};
    size_t bytes;

    if (!fc_add(p->rows, p->columns, &t.all) || !fc_mul(t.all, sizeof(double), &bytes))
        return fc_fail(err, FC_ELIMIT, "an assignment of %zu to %zu", p->rows, p->columns);
    for (size_t i = 0; i < p->rows; i++)
        column[i] = FC_ASSIGN_NONE;
    if (t.all == 0)
        return FC_OK;
    bool ok = open_task(&t);
    for (size_t i = 0; ok && i < p->rows; i++)
        ok = add_row(&t, i);
    for (size_t i = 0; ok && i < p->columns; i++)
        if (t.row_of[i] != FC_ASSIGN_NONE)
            column[t.row_of[i]] = i;
    close_task(&t);
    return ok ? FC_OK : fc_fail_nomem(err, bytes);
}
