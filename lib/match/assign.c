#include "match/assign.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/size.h"

/* The task as one of least cost in which every row gets a column: behind the columns proper, each row has one of its
 * own that costs nothing, which stands for none. */
struct task {
    const double *weight;
    size_t rows, columns, all; /* all = columns + rows */
    size_t *row_of;            /* [all]: the column's row, or FC_ASSIGN_NONE */
    size_t *before;   /* [all]: the column before it on the shortest path; FC_ASSIGN_NONE: the start */
    double *distance; /* [all]: of the path to it */
    double *u, *v;    /* potentials: [rows], [all] */
    bool *reached;    /* [all] */
};

static double cost(const struct task *t, size_t row, size_t column)
{
    if (column >= t->columns)
        return column - t->columns == row ? 0 : INFINITY;
    const double w = t->weight[row * t->columns + column];
    return w > 0 ? -w : INFINITY;
}

/* Dijkstra over reduced costs from row start to the nearest column without a row; its length is in *length. */
static size_t find_path(struct task *t, size_t start, double *length)
{
    size_t row = start, from = FC_ASSIGN_NONE;

    *length = 0;
    for (size_t i = 0; i < t->all; i++) {
        t->distance[i] = INFINITY;
        t->reached[i] = false;
    }
    for (;;) {
        size_t nearest = FC_ASSIGN_NONE;
        for (size_t i = 0; i < t->all; i++) {
            if (t->reached[i])
                continue;
            const double d = *length + cost(t, row, i) - t->u[row] - t->v[i];
            if (d < t->distance[i]) {
                t->distance[i] = d;
                t->before[i] = from;
            }
            if (nearest == FC_ASSIGN_NONE || t->distance[i] < t->distance[nearest])
                nearest = i;
        }
        *length = t->distance[nearest]; /* never infinite: the row's own column is free */
        t->reached[nearest] = true;
        if (t->row_of[nearest] == FC_ASSIGN_NONE)
            return nearest;
        from = nearest;
        row = t->row_of[nearest];
    }
}

static void add_row(struct task *t, size_t row)
{
    double length;
    size_t end = find_path(t, row, &length);

    t->u[row] += length;
    for (size_t i = 0; i < t->all; i++) {
        if (t->reached[i] && i != end) {
            t->u[t->row_of[i]] += length - t->distance[i];
            t->v[i] -= length - t->distance[i];
        }
    }
    for (; t->before[end] != FC_ASSIGN_NONE; end = t->before[end])
        t->row_of[end] = t->row_of[t->before[end]];
    t->row_of[end] = row;
}

fc_status fc_assign(const double *weight, size_t rows, size_t columns, size_t *column, fc_error *err)
{
    struct task t = {.weight = weight, .rows = rows, .columns = columns};
    size_t bytes;
    fc_status s = FC_OK;

    if (!fc_add(rows, columns, &t.all) || !fc_mul(t.all, sizeof(double), &bytes))
        return fc_fail(err, FC_ELIMIT, "an assignment of %zu to %zu", rows, columns);
    for (size_t i = 0; i < rows; i++)
        column[i] = FC_ASSIGN_NONE;
    if (t.all == 0)
        return FC_OK;
    t.row_of = malloc(t.all * sizeof *t.row_of);
    t.before = malloc(t.all * sizeof *t.before);
    t.distance = malloc(t.all * sizeof *t.distance);
    t.u = calloc(rows + 1, sizeof *t.u);
    t.v = calloc(t.all, sizeof *t.v);
    t.reached = calloc(t.all, sizeof *t.reached);
    if (!t.row_of || !t.before || !t.distance || !t.u || !t.v || !t.reached) {
        s = fc_fail_nomem(err, bytes);
        goto out;
    }
    for (size_t i = 0; i < t.all; i++)
        t.row_of[i] = FC_ASSIGN_NONE;
    for (size_t i = 0; i < rows; i++)
        add_row(&t, i);
    for (size_t i = 0; i < columns; i++)
        if (t.row_of[i] != FC_ASSIGN_NONE)
            column[t.row_of[i]] = i;
out:
    free(t.row_of);
    free(t.before);
    free(t.distance);
    free(t.u);
    free(t.v);
    free(t.reached);
    return s;
}
