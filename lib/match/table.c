#include "facecheck.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/atomic.h"
#include "base/nameless.h"
#include "base/error.h"
#include "base/size.h"
#include "match/similarity.h"
#include "match/table_impl.h"

#define MAX_NAMES ((uint64_t)1 << 40)

_Static_assert(sizeof(fc_row_tail) == FC_TABLE_ALIGN && sizeof(fc_subject_entry) == FC_TABLE_ALIGN,
               "parts are 64-byte aligned");

/* ---- checksums ---- */

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

static uint64_t name_sum(const uint8_t *name, size_t n)
{
    uint8_t padded[(FC_NAME_MAX + 63) / 64 * 64] = {0};

    memcpy(padded, name, n);
    return fc_lane_sum(padded, sizeof padded) + n;
}

/* 0 when the row is as it was written. */
static uint64_t row_sum(const uint8_t *bytes, size_t n)
{
    fc_row_tail tail;
    uint64_t sum;

    memcpy(&tail, bytes + n - sizeof tail, sizeof tail);
    sum = tail.sum;
    tail.sum = 0;
    return fc_lane_sum(bytes, n - sizeof tail) ^ (fc_lane_sum(&tail, sizeof tail) * 3) ^ sum;
}

static uint64_t entry_sum(const fc_subject_entry *e)
{
    fc_subject_entry copy = *e;

    copy.sum = 0;
    return fc_lane_sum(&copy, sizeof copy);
}

/* ---- layout ---- */

static size_t align(size_t n)
{
    return (n + FC_TABLE_ALIGN - 1) / FC_TABLE_ALIGN * FC_TABLE_ALIGN;
}

/* The limits keep every product below 2^63. */
static fc_status plan(fc_table_layout *l, const fc_table_size *s, fc_error *err)
{
    if (s->dim < 1 || s->dim > FC_MAX_DIM || s->rows > FC_TABLE_MAX_ROWS || s->subjects > FC_TABLE_MAX_ROWS ||
        s->names > MAX_NAMES)
        return fc_fail(err, FC_ELIMIT, "a table of %zu rows of %zu numbers, %zu subjects; at most %u of %d",
                       s->rows, s->dim, s->subjects, FC_TABLE_MAX_ROWS, FC_MAX_DIM);
    l->quads = (s->dim + 3) / 4;
    l->panel_bytes = l->quads * 4 * FC_PANEL_ROWS + 2 * FC_PANEL_ROWS * sizeof(float);
    l->row_bytes = align(s->dim * sizeof(float)) + sizeof(fc_row_tail);
    l->panels = (s->rows + FC_PANEL_ROWS - 1) / FC_PANEL_ROWS;
    l->blocks = (l->panels + FC_BLOCK_PANELS - 1) / FC_BLOCK_PANELS;
    l->sums_at = l->panels * l->panel_bytes;
    l->rows_at = l->sums_at + align(l->blocks * sizeof(uint64_t));
    l->subjects_at = l->rows_at + s->rows * l->row_bytes;
    l->names_at = l->subjects_at + s->subjects * sizeof(fc_subject_entry);
    l->size = l->names_at + align(s->names);
    return FC_OK;
}

static float *panel_scales(const fc_table *t, size_t panel)
{
    return (float *)(t->data + panel * t->l.panel_bytes + t->l.quads * 4 * FC_PANEL_ROWS);
}

static uint8_t *row_bytes(const fc_table *t, size_t row)
{
    return t->data + t->l.rows_at + row * t->l.row_bytes;
}

static fc_row_tail *row_tail(const fc_table *t, size_t row)
{
    return (fc_row_tail *)(row_bytes(t, row) + t->l.row_bytes - sizeof(fc_row_tail));
}

static fc_subject_entry *subject_entry(const fc_table *t, size_t subject)
{
    return (fc_subject_entry *)(t->data + t->l.subjects_at) + subject;
}

static const uint8_t *block_bytes(const fc_table *t, size_t block, size_t *n)
{
    const size_t first = block * FC_BLOCK_PANELS, left = t->l.panels - first;

    *n = (left < FC_BLOCK_PANELS ? left : FC_BLOCK_PANELS) * t->l.panel_bytes;
    return t->data + first * t->l.panel_bytes;
}

/* ---- filling ---- */

/* Bytes in memory: a table of nothing has a place, too. */
static size_t mapped(const fc_table *t)
{
    return t->l.size ? t->l.size : 1;
}

fc_status fc_table_new(fc_table **out, const fc_table_size *size, fc_error *err)
{
    fc_table *t = calloc(1, sizeof *t);
    fc_status s;

    *out = NULL;
    if (!t || !(t->twins = fc_twins_new())) {
        fc_table_free(t);
        return fc_fail_nomem(err, sizeof *t);
    }
    t->size = *size;
    s = plan(&t->l, size, err);
    if (!s) {
        void *p = mmap(NULL, mapped(t), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) {
            s = fc_fail_nomem(err, t->l.size);
        } else {
            (void)madvise(p, t->l.size, MADV_HUGEPAGE);
            t->data = p;
        }
    }
    if (s) {
        fc_table_free(t);
        return s;
    }
    if (t->l.panels)
        for (size_t i = 0; i < FC_PANEL_ROWS; i++)
            panel_scales(t, t->l.panels - 1)[FC_PANEL_ROWS + i] = -FLT_MAX;
    *out = t;
    return FC_OK;
}

void fc_table_free(fc_table *t)
{
    if (!t)
        return;
    if (t->map.data)
        fc_map_close(&t->map);
    else if (t->data)
        munmap(t->data, mapped(t));
    fc_twins_free(t->twins);
    free(t->checked);
    free(t->name);
    free(t);
}

fc_status fc_table_put_subject(fc_table *t, int64_t id, const char *name, size_t length, size_t rows,
                               fc_error *err)
{
    if (t->subjects_put == t->size.subjects || length > t->size.names - t->names_put ||
        length > FC_NAME_MAX || rows > t->size.rows - t->rows_put)
        return fc_fail(err, FC_EUSAGE, "subject %lld does not fit in the table", (long long)id);
    uint8_t *to = t->data + t->l.names_at + t->names_put;
    memcpy(to, name, length);
    fc_subject_entry e = {.id = id,
                          .name = t->names_put,
                          .length = length,
                          .first = t->rows_put,
                          .rows = rows,
                          .name_sum = name_sum(to, length)};
    e.sum = entry_sum(&e);
    *subject_entry(t, t->subjects_put++) = e;
    t->names_put += length;
    t->rows_put += rows;
    return FC_OK;
}

/* The row in 8 bits, and the length of what that leaves out. */
static void put_codes(fc_table *t, size_t row, const float *e)
{
    const size_t at = row % FC_PANEL_ROWS, dim = t->size.dim;
    uint8_t *codes = t->data + row / FC_PANEL_ROWS * t->l.panel_bytes + at * 4;
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

fc_status fc_table_put(fc_table *t, size_t row, const fc_table_row *r, fc_error *err)
{
    const double square = fc_dot(r->e, r->e, t->size.dim);

    if (!(fabs(square - 1) <= 2e-5))
        return fc_fail(err, FC_EUSAGE, "sample %lld: an embedding of length %g, want 1", (long long)r->sample,
                       sqrt(square));
    if (r->subject >= t->subjects_put || row < subject_entry(t, r->subject)->first ||
        row - subject_entry(t, r->subject)->first >= subject_entry(t, r->subject)->rows)
        return fc_fail(err, FC_EUSAGE, "sample %lld: row %zu is not its subject's", (long long)r->sample,
                       row);
    memcpy(row_bytes(t, row), r->e, t->size.dim * sizeof(float));
    *row_tail(t, row) = (fc_row_tail){.sample = r->sample, .subject = r->subject};
    row_tail(t, row)->sum = row_sum(row_bytes(t, row), t->l.row_bytes);
    put_codes(t, row, r->e);
    return FC_OK;
}

/* ---- reading ---- */

fc_table_size fc_table_get_size(const fc_table *t)
{
    return t->size;
}

fc_status fc_table_get(const fc_table *t, size_t row, fc_table_row *out, fc_error *err)
{
    const fc_row_tail *tail = row_tail(t, row);

    if (t->name && (row_sum(row_bytes(t, row), t->l.row_bytes) || tail->subject >= t->size.subjects))
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: the checksum of row %zu is wrong", t->name, row);
    *out = (fc_table_row){(const float *)row_bytes(t, row), tail->sample, tail->subject};
    return FC_OK;
}

fc_status fc_table_get_subject(const fc_table *t, size_t subject, fc_table_subject *out, fc_error *err)
{
    const fc_subject_entry *e = subject_entry(t, subject);
    const uint8_t *names = t->data + t->l.names_at;

    if (t->name &&
        (entry_sum(e) != e->sum || e->length > FC_NAME_MAX || e->name > t->size.names ||
         e->length > t->size.names - e->name || name_sum(names + e->name, e->length) != e->name_sum ||
         e->first > t->size.rows || e->rows > t->size.rows - e->first))
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: the checksum of subject %zu is wrong", t->name,
                       subject);
    *out = (fc_table_subject){e->id, (const char *)names + e->name, e->length, e->first, e->rows};
    return FC_OK;
}

fc_status fc_table_check_block(const fc_table *t, size_t block, fc_error *err)
{
    size_t n;
    const uint8_t *bytes = block_bytes(t, block, &n);

    if (!t->name || __atomic_load_n(&t->checked[block], __ATOMIC_RELAXED))
        return FC_OK;
    if (fc_lane_sum(bytes, n) != ((const uint64_t *)(t->data + t->l.sums_at))[block])
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: the checksum of block %zu is wrong", t->name, block);
    __atomic_store_n(&t->checked[block], 1, __ATOMIC_RELAXED);
    return FC_OK;
}

fc_status fc_table_check(const fc_table *t, fc_error *err)
{
    fc_table_row row;
    fc_table_subject subject;
    fc_status s = FC_OK;

    for (size_t i = 0; !s && i < t->l.blocks; i++)
        s = fc_table_check_block(t, i, err);
    for (size_t i = 0; !s && i < t->size.rows; i++)
        s = fc_table_get(t, i, &row, err);
    for (size_t i = 0; !s && i < t->size.subjects; i++)
        s = fc_table_get_subject(t, i, &subject, err);
    return s;
}

/* ---- files ---- */

#define MAGIC   "fctable"
#define VERSION 1

struct header {
    char magic[8];
    uint32_t version, header_bytes;
    uint64_t rows, dim, subjects, names;
    fc_table_label label;
    uint64_t sums_sum; /* fc_lane_sum of the part */
    uint64_t sum;      /* fc_lane_sum of this struct and the zeros behind it, with sum 0 */
};

/* A page, so that the parts behind it are aligned when mapped. */
union page {
    struct header h;
    uint8_t bytes[4096];
};

static uint64_t header_sum(const union page *p)
{
    union page copy = *p;

    copy.h.sum = 0;
    return fc_lane_sum(&copy, sizeof copy);
}

/* The file's first page; also fills in the checksums. */
static void make_page(const fc_table *t, const fc_table_label *label, union page *page)
{
    uint64_t *sums = (uint64_t *)(t->data + t->l.sums_at);

    *page = (union page){.h = {.magic = MAGIC,
                               .version = VERSION,
                               .header_bytes = sizeof *page,
                               .rows = t->size.rows,
                               .dim = t->size.dim,
                               .subjects = t->size.subjects,
                               .names = t->size.names,
                               .label = *label}};
    for (size_t i = 0; !t->name && i < t->l.blocks; i++) {
        size_t n;
        const uint8_t *bytes = block_bytes(t, i, &n);
        sums[i] = fc_lane_sum(bytes, n);
    }
    page->h.sums_sum = fc_lane_sum(sums, t->l.rows_at - t->l.sums_at);
    page->h.sum = header_sum(page);
}

static fc_status write_table(const fc_table *t, const fc_table_label *label, FILE *f, const char *path,
                             fc_error *err)
{
    union page page;

    make_page(t, label, &page);
    if (fwrite(&page, sizeof page, 1, f) != 1 || (t->l.size && fwrite(t->data, t->l.size, 1, f) != 1))
        return fc_fail_errno(err, path);
    return FC_OK;
}

fc_status fc_table_save(const fc_table *t, const fc_table_label *label, const char *path, fc_error *err)
{
    fc_atomic_file file;
    fc_status s = fc_atomic_open_private(&file, path, err);

    if (s)
        return s;
    s = write_table(t, label, file.f, path, err);
    if (!s)
        return fc_atomic_commit(&file, err);
    fc_atomic_discard(&file);
    return s;
}

fc_status fc_table_save_nameless(const fc_table *t, const fc_table_label *label, const char *path,
                                 fc_error *err)
{
    fc_nameless file;
    fc_status s = fc_nameless_open(&file, path, err);

    if (s)
        return s;
    s = write_table(t, label, file.f, path, err);
    if (!s)
        return fc_nameless_commit(&file, err);
    fc_nameless_discard(&file);
    return s;
}

bool fc_table_is(const uint8_t *bytes, size_t n, const char *kind)
{
    const struct header *h = (const struct header *)bytes;

    return n >= sizeof *h && !memcmp(h->magic, MAGIC, sizeof h->magic) &&
           !strncmp(h->label.kind, kind, sizeof h->label.kind);
}

static fc_status check_header(fc_table *t, const union page *page, const char *kind, fc_error *err)
{
    const struct header *h = &page->h;
    fc_status s;

    if (t->map.n < sizeof *page || memcmp(h->magic, MAGIC, sizeof h->magic))
        return fc_fail(err, FC_EFORMAT, "%s: not a file of this kind (%s)", t->name, kind);
    if (h->version != VERSION || h->header_bytes != sizeof *page)
        return fc_fail(err, FC_EUNSUPPORTED, "%s: version %u of the format; this program knows %d", t->name,
                       h->version, VERSION);
    if (header_sum(page) != h->sum || !memchr(h->label.contract, '\0', sizeof h->label.contract))
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: the checksum of its header is wrong", t->name);
    if (strncmp(h->label.kind, kind, sizeof h->label.kind))
        return fc_fail(err, FC_EFORMAT, "%s: this is of kind %.*s, want %s", t->name,
                       (int)sizeof h->label.kind, h->label.kind, kind);
    t->size = (fc_table_size){h->rows, h->dim, h->subjects, h->names};
    s = plan(&t->l, &t->size, err);
    if (s)
        return s;
    if (t->map.n - sizeof *page != t->l.size)
        return fc_fail(err, FC_ETRUNCATED, "%s: %zu bytes, want %zu", t->name, t->map.n,
                       t->l.size + sizeof *page);
    t->data = (uint8_t *)t->map.data + sizeof *page; /* read only */
    if (fc_lane_sum(t->data + t->l.sums_at, t->l.rows_at - t->l.sums_at) != h->sums_sum)
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: the checksum of its checksums is wrong", t->name);
    return FC_OK;
}

/* Panels are read from end to end, of the parts behind them a few pages: then reading ahead is most of what a query on
 * a cold file costs. */
static void advise(const fc_table *t)
{
    const size_t page = sizeof(union page),
                 behind = (sizeof(union page) + t->l.rows_at + page - 1) / page * page;

    (void)madvise((void *)t->map.data, behind < t->map.n ? behind : t->map.n, MADV_SEQUENTIAL);
    if (behind < t->map.n)
        (void)madvise((uint8_t *)t->map.data + behind, t->map.n - behind, MADV_RANDOM);
}

fc_status fc_table_map(fc_table **out, fc_table_label *label, const char *path, const char *kind,
                       fc_error *err)
{
    fc_table *t = calloc(1, sizeof *t);
    fc_status s;

    *out = NULL;
    if (!t || !(t->name = strdup(path)) || !(t->twins = fc_twins_new())) {
        fc_table_free(t);
        return fc_fail_nomem(err, sizeof *t);
    }
    s = fc_map_open(&t->map, path, err);
    if (!s)
        s = check_header(t, (const union page *)t->map.data, kind, err);
    if (!s && !(t->checked = calloc(t->l.blocks + 1, 1)))
        s = fc_fail_nomem(err, t->l.blocks + 1);
    if (s) {
        fc_table_free(t);
        return s;
    }
    advise(t);
    *label = ((const union page *)t->map.data)->h.label;
    *out = t;
    return FC_OK;
}
