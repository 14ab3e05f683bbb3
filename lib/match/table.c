#include "match/table.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/size.h"
#include "match/similarity.h"
#include "match/table_impl.h"

_Static_assert(sizeof(fc_row_tail) == FC_TABLE_ALIGN, "rows are 64-byte aligned");

typedef uint32_t lanes __attribute__((vector_size(64), aligned(4), may_alias));

uint64_t fc_lane_sum(const void *data, size_t n)
{
    const lanes *p = data;
    lanes a = {0}, b = {0};
    uint64_t h = n;

    for (size_t i = 0; i < n / sizeof *p; i++) {
        a += p[i];
        b += a;
    }
    for (int i = 0; i < 16; i++)
        h = (h ^ ((uint64_t)b[i] << 32 | a[i])) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

fc_status fc_table_plan(fc_table_layout *l, size_t rows, size_t dim, fc_error *err)
{
    const size_t padded = (dim + 15) / 16 * 16;

    if (dim < 1 || dim > FC_MAX_DIM || rows > FC_TABLE_MAX_ROWS)
        return fc_fail(err, FC_ELIMIT, "a table of %zu rows of %zu numbers; at most %u of %d", rows, dim,
                       FC_TABLE_MAX_ROWS, FC_MAX_DIM);
    l->quads = (dim + 3) / 4;
    l->panel_bytes = l->quads * 4 * FC_PANEL_ROWS + 2 * FC_PANEL_ROWS * sizeof(float);
    l->row_bytes = padded * sizeof(float) + sizeof(fc_row_tail);
    l->panels = (rows + FC_PANEL_ROWS - 1) / FC_PANEL_ROWS;
    l->blocks = (l->panels + FC_BLOCK_PANELS - 1) / FC_BLOCK_PANELS;
    l->panels_size = l->panels * l->panel_bytes;
    l->rows_size = rows * l->row_bytes;
    return FC_OK;
}

static float *panel_scales(const fc_table *t, size_t panel)
{
    return (float *)(t->panels + panel * t->l.panel_bytes + t->l.quads * 4 * FC_PANEL_ROWS);
}

fc_status fc_table_new(fc_table **out, size_t rows, size_t dim, fc_error *err)
{
    fc_table *t = calloc(1, sizeof *t);
    fc_status s;

    *out = NULL;
    if (!t)
        return fc_fail_nomem(err, sizeof *t);
    t->rows = rows;
    t->dim = dim;
    s = fc_table_plan(&t->l, rows, dim, err);
    if (!s && rows) {
        t->memory_size = t->l.panels_size + t->l.rows_size;
        t->memory = mmap(NULL, t->memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (t->memory == MAP_FAILED) {
            t->memory = NULL;
            s = fc_fail_nomem(err, t->memory_size);
        }
    }
    if (s) {
        fc_table_free(t);
        return s;
    }
    if (rows) {
        (void)madvise(t->memory, t->memory_size, MADV_HUGEPAGE);
        t->panels = t->memory;
        t->row_data = t->panels + t->l.panels_size;
        float *last = panel_scales(t, t->l.panels - 1);
        for (int i = 0; i < FC_PANEL_ROWS; i++)
            last[FC_PANEL_ROWS + i] = -FLT_MAX;
    }
    *out = t;
    return FC_OK;
}

void fc_table_free(fc_table *t)
{
    if (!t)
        return;
    if (t->memory)
        munmap(t->memory, t->memory_size);
    free(t->checked);
    free(t);
}

size_t fc_table_rows(const fc_table *t)
{
    return t->rows;
}

size_t fc_table_dim(const fc_table *t)
{
    return t->dim;
}

/* The row in 8 bits, and the length of what that leaves out. */
static void put_codes(fc_table *t, size_t row, const float *e)
{
    const size_t at = row % FC_PANEL_ROWS, dim = t->dim;
    uint8_t *codes = t->panels + row / FC_PANEL_ROWS * t->l.panel_bytes + at * 4;
    float *scales = panel_scales(t, row / FC_PANEL_ROWS), most = 0;
    uint8_t code[FC_MAX_DIM];
    double left_out = 0;

    for (size_t i = 0; i < dim; i++)
        most = fmaxf(most, fabsf(e[i]));
    const float scale = most / 127;
    for (size_t i = 0; i < dim; i++)
        code[i] = (uint8_t)(e[i] / scale + 128.5f);
    for (size_t i = 0; i < dim; i++) {
        const double d = (double)e[i] - (double)scale * (code[i] - 128);
        left_out += d * d;
    }
    memset(code + dim, 128, t->l.quads * 4 - dim);
    for (size_t i = 0; i < t->l.quads; i++)
        memcpy(codes + i * 4 * FC_PANEL_ROWS, code + i * 4, 4);
    scales[at] = scale;
    scales[FC_PANEL_ROWS + at] = (float)(sqrt(left_out) * (1 + 1e-6)); /* not below the true length */
}

static uint64_t row_sum(const uint8_t *bytes, size_t n)
{
    fc_row_tail tail;
    uint64_t sum;

    memcpy(&tail, bytes + n - sizeof tail, sizeof tail);
    sum = tail.sum;
    tail.sum = 0;
    return fc_lane_sum(bytes, n - sizeof tail) ^ (fc_lane_sum(&tail, sizeof tail) * 3) ^ sum;
}

fc_status fc_table_put(fc_table *t, size_t row, const fc_table_row *r, fc_error *err)
{
    uint8_t *bytes = t->row_data + row * t->l.row_bytes;
    fc_row_tail *tail = (fc_row_tail *)(bytes + t->l.row_bytes - sizeof *tail);
    const double length = fc_dot(r->e, r->e, t->dim);

    if (!(fabs(length - 1) <= 2e-5))
        return fc_fail(err, FC_EUSAGE, "sample %lld: an embedding of length %g, want 1", (long long)r->sample,
                       sqrt(length));
    memcpy(bytes, r->e, t->dim * sizeof(float));
    *tail = (fc_row_tail){.subject = r->subject, .sample = r->sample};
    tail->sum = row_sum(bytes, t->l.row_bytes);
    put_codes(t, row, r->e);
    return FC_OK;
}

fc_status fc_table_get(const fc_table *t, size_t row, fc_table_row *out, fc_error *err)
{
    const uint8_t *bytes = t->row_data + row * t->l.row_bytes;
    const fc_row_tail *tail = (const fc_row_tail *)(bytes + t->l.row_bytes - sizeof *tail);

    if (t->name && row_sum(bytes, t->l.row_bytes))
        return fc_fail(err, FC_ECORRUPT, "%s: row %zu is damaged (its checksum is wrong)", t->name, row);
    *out = (fc_table_row){(const float *)bytes, tail->subject, tail->sample};
    return FC_OK;
}

fc_status fc_table_group(const fc_table *t, size_t row, size_t *first, size_t *end, fc_error *err)
{
    fc_table_row r, other;
    fc_status s = fc_table_get(t, row, &r, err);

    for (*first = row; !s && *first > 0; --*first)
        if ((s = fc_table_get(t, *first - 1, &other, err)) || other.subject != r.subject)
            break;
    for (*end = row + 1; !s && *end < t->rows; ++*end)
        if ((s = fc_table_get(t, *end, &other, err)) || other.subject != r.subject)
            break;
    return s;
}

fc_status fc_table_check_block(const fc_table *t, size_t block, fc_error *err)
{
    const size_t first = block * FC_BLOCK_PANELS;
    size_t n = t->l.panels - first;

    if (!t->name || __atomic_load_n(&t->checked[block], __ATOMIC_RELAXED))
        return FC_OK;
    n = n < FC_BLOCK_PANELS ? n : FC_BLOCK_PANELS;
    if (fc_lane_sum(t->panels + first * t->l.panel_bytes, n * t->l.panel_bytes) != t->sums[block])
        return fc_fail(err, FC_ECORRUPT, "%s: block %zu is damaged (its checksum is wrong)", t->name, block);
    __atomic_store_n(&t->checked[block], 1, __ATOMIC_RELAXED);
    return FC_OK;
}
