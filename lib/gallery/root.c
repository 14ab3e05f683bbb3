/*
 * The row of the table `gallery`. It counts the rows of both sets, subjects and samples, and sums their checksums; it
 * counts the commits; and it has a checksum over itself. Each commit that changes something writes it.
 *
 * Of a sealed gallery it holds a root too: for each set a number that is the sum, without carry, of a keyed hash of
 * each row, both encrypted and bound to all else in this row. Who has no key cannot make the hash of a row, and does not
 * even see the sums; so only rows that were there together pass, and only with their own root. (The multiset hash
 * MSet-XOR-Hash of Clarke et al., "Incremental multiset hash functions", ASIACRYPT 2003; rows of a table are a set.)
 */
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "gallery/impl.h"

enum { DIGEST = 32, ROOT = FC_SETS * FC_MARK + FC_SEAL_EXTRA };

/* ---- sums ---- */

static void add_mark(uint8_t *marks, const uint8_t *mark)
{
    for (int i = 0; i < FC_MARK; i++)
        marks[i] ^= mark[i];
}

void fc_totals_add(fc_totals *t, const fc_row_sum *row)
{
    t->n++;
    t->sums = (t->sums + row->sum) & FC_SUM_MASK;
    add_mark(t->marks, row->mark);
}

void fc_totals_remove(fc_totals *t, const fc_row_sum *row)
{
    t->n--;
    t->sums = (t->sums - row->sum) & FC_SUM_MASK;
    add_mark(t->marks, row->mark);
}

void fc_gallery_count(fc_gallery *g, fc_set set, const fc_row_sum *row, bool there)
{
    (there ? fc_totals_add : fc_totals_remove)(&g->totals[set], row);
    g->info.subjects = g->totals[FC_SUBJECTS].n;
    g->info.samples = g->totals[FC_SAMPLES].n;
    g->changed = true;
    g->removed |= !there;
}

fc_status fc_gallery_compare(fc_gallery *g, const fc_totals *found, fc_set set, fc_error *err)
{
    const fc_totals *want = &g->totals[set];

    if (found->n != want->n || found->sums != want->sums)
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: it counts %llu %s, and %llu were found%s", g->name,
                       (unsigned long long)want->n, set == FC_SAMPLES ? "samples" : "people",
                       (unsigned long long)found->n, found->n == want->n ? ", which are others" : "");
    if (g->seal && sodium_memcmp(found->marks, want->marks, FC_MARK))
        return fc_fail(err, FC_ECORRUPT,
                       "%s: damaged: its %s are not those that were sealed: somebody without the key has "
                       "changed them",
                       g->name, set == FC_SAMPLES ? "samples" : "people");
    return FC_OK;
}

/* ---- the row ---- */

static void add_number(crypto_generichash_state *h, int64_t v)
{
    crypto_generichash_update(h, (const uint8_t *)&v, sizeof v);
}

/* Of all that the row says, but for root and checksum, and of the calibration. */
static void describe(const fc_gallery *g, uint8_t digest[DIGEST])
{
    uint8_t head[FC_SEAL_HEAD];
    crypto_generichash_state h;

    fc_seal_head_store(&g->head, head);
    crypto_generichash_init(&h, NULL, 0, DIGEST);
    add_number(&h, FC_GALLERY_FORMAT);
    crypto_generichash_update(&h, g->uid, sizeof g->uid);
    crypto_generichash_update(&h, (const uint8_t *)g->info.contract, sizeof g->info.contract);
    add_number(&h, (int64_t)g->info.dim);
    add_number(&h, g->sealed);
    crypto_generichash_update(&h, head, sizeof head);
    crypto_generichash_update(&h, g->info.state, sizeof g->info.state);
    add_number(&h, (int64_t)g->info.commits);
    for (int i = 0; i < FC_SETS; i++) {
        add_number(&h, (int64_t)g->totals[i].n);
        add_number(&h, g->totals[i].sums);
    }
    add_number(&h, g->next_subject);
    add_number(&h, g->next_sample);
    if (g->calibration)
        fc_calibration_hash(&h, g->calibration);
    crypto_generichash_final(&h, digest, DIGEST);
}

static int64_t row_checksum(const uint8_t digest[DIGEST], const uint8_t root[ROOT])
{
    crypto_generichash_state h;
    uint64_t sum;

    crypto_generichash_init(&h, NULL, 0, sizeof sum);
    crypto_generichash_update(&h, digest, DIGEST);
    if (root)
        crypto_generichash_update(&h, root, ROOT);
    crypto_generichash_final(&h, (uint8_t *)&sum, sizeof sum);
    return (int64_t)(sum & FC_SUM_MASK);
}

/* ---- reading ---- */

/* NULL where the column is not n bytes. */
static const uint8_t *column_bytes(sqlite3_stmt *s, int column, size_t n)
{
    const void *p = sqlite3_column_blob(s, column);

    return p && (size_t)sqlite3_column_bytes(s, column) == n ? p : NULL;
}

/* Columns as in FC_SQL_INFO. root: ROOT bytes of the statement, NULL where it is not sealed. */
static bool take_columns(fc_gallery *g, sqlite3_stmt *s, const uint8_t **root)
{
    const uint8_t *uid = column_bytes(s, 0, sizeof g->uid), *head = column_bytes(s, 3, FC_SEAL_HEAD),
                  *state = column_bytes(s, 4, sizeof g->info.state);
    const char *contract = (const char *)sqlite3_column_text(s, 1);
    const size_t length = (size_t)sqlite3_column_bytes(s, 1);
    const int64_t dim = sqlite3_column_int64(s, 2), commits = sqlite3_column_int64(s, 5);

    *root = column_bytes(s, 12, ROOT);
    g->info = (fc_gallery_info){0};
    g->sealed = sqlite3_column_type(s, 3) != SQLITE_NULL;
    if (!uid || !state || !contract || length >= sizeof g->info.contract || dim < 0 || dim > FC_MAX_DIM ||
        (dim == 0) != (length == 0) || commits < 1 || g->sealed != (head != NULL) ||
        g->sealed != (*root != NULL) || (g->sealed && !fc_seal_head_load(&g->head, head)))
        return false;
    memcpy(g->uid, uid, sizeof g->uid);
    memcpy(g->info.contract, contract, length);
    memcpy(g->info.state, state, sizeof g->info.state);
    g->info.dim = (size_t)dim;
    g->info.commits = (uint64_t)commits;
    for (int i = 0; i < FC_SETS; i++)
        g->totals[i] = (fc_totals){.n = (uint64_t)sqlite3_column_int64(s, 6 + 2 * i),
                                   .sums = sqlite3_column_int64(s, 7 + 2 * i)};
    g->info.subjects = g->totals[FC_SUBJECTS].n;
    g->info.samples = g->totals[FC_SAMPLES].n;
    g->next_subject = sqlite3_column_int64(s, 10);
    g->next_sample = sqlite3_column_int64(s, 11);
    return true;
}

static fc_status open_root(fc_gallery *g, const uint8_t *root, const uint8_t digest[DIGEST], fc_error *err)
{
    uint8_t marks[FC_SETS * FC_MARK];

    if (!fc_seal_open(g->seal, marks, root, ROOT, digest, DIGEST))
        return fc_fail(
            err, FC_ECORRUPT,
            "%s: damaged: its description is not the one that was sealed: somebody without the key "
            "has changed it",
            g->name);
    for (int i = 0; i < FC_SETS; i++)
        memcpy(g->totals[i].marks, marks + i * FC_MARK, FC_MARK);
    sodium_memzero(marks, sizeof marks);
    return FC_OK;
}

static fc_status take_root(fc_gallery *g, sqlite3_stmt *s, fc_error *err)
{
    const uint8_t *root;
    uint8_t digest[DIGEST];
    const bool was_sealed = g->seal != NULL;
    const fc_status st = fc_gallery_read_calibration(g, err);

    if (st)
        return st;
    if (!take_columns(g, s, &root))
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: its description is not as it was written", g->name);
    if (was_sealed && !g->sealed) /* since it was opened */
        return fc_fail(err, FC_ECORRUPT, "%s: not sealed any more", g->name);
    describe(g, digest);
    if (row_checksum(digest, root) != sqlite3_column_int64(s, 13))
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: its description is not as it was written", g->name);
    return g->seal ? open_root(g, root, digest, err) : FC_OK;
}

int64_t fc_gallery_root_checksum(const fc_gallery *g, const uint8_t *root)
{
    uint8_t digest[DIGEST];

    describe(g, digest);
    return row_checksum(digest, root);
}

fc_status fc_gallery_read_root(fc_gallery *g, fc_error *err)
{
    sqlite3_stmt *s;
    bool row;
    fc_status st = fc_gallery_statement(g, FC_SQL_INFO, &s, err);

    if (!st)
        st = fc_gallery_step(g, s, &row, err);
    if (st)
        return st;
    if (!row)
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: it has no description", g->name);
    st = take_root(g, s, err);
    sqlite3_reset(s);
    return st;
}

/* A sample's checksum covers its number, its person's and its embedding. */
void fc_gallery_describe_samples(fc_gallery *g)
{
    crypto_generichash_state h;

    crypto_generichash_init(&h, NULL, 0, sizeof g->info.samples_state);
    crypto_generichash_update(&h, g->uid, sizeof g->uid);
    add_number(&h, (int64_t)g->totals[FC_SAMPLES].n);
    add_number(&h, g->totals[FC_SAMPLES].sums);
    crypto_generichash_final(&h, g->info.samples_state, sizeof g->info.samples_state);
}

/* ---- writing ---- */

static void close_root(const fc_gallery *g, const uint8_t digest[DIGEST], uint8_t root[ROOT])
{
    uint8_t marks[FC_SETS * FC_MARK];

    for (int i = 0; i < FC_SETS; i++)
        memcpy(marks + i * FC_MARK, g->totals[i].marks, FC_MARK);
    fc_seal_close(g->seal, root, marks, sizeof marks, digest, DIGEST);
    sodium_memzero(marks, sizeof marks);
}

static fc_status write_row(fc_gallery *g, fc_error *err)
{
    uint8_t digest[DIGEST], root[ROOT], head[FC_SEAL_HEAD];
    sqlite3_stmt *s;
    fc_status st = fc_gallery_statement(g, FC_SQL_SET_INFO, &s, err);

    if (st)
        return st;
    describe(g, digest);
    sqlite3_bind_blob(s, 1, g->uid, sizeof g->uid, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, g->info.contract, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, (int64_t)g->info.dim);
    if (g->sealed) {
        fc_seal_head_store(&g->head, head);
        close_root(g, digest, root);
        sqlite3_bind_blob(s, 4, head, sizeof head, SQLITE_STATIC);
        sqlite3_bind_blob(s, 13, root, sizeof root, SQLITE_STATIC);
    }
    sqlite3_bind_blob(s, 5, g->info.state, sizeof g->info.state, SQLITE_STATIC);
    sqlite3_bind_int64(s, 6, (int64_t)g->info.commits);
    for (int i = 0; i < FC_SETS; i++) {
        sqlite3_bind_int64(s, 7 + 2 * i, (int64_t)g->totals[i].n);
        sqlite3_bind_int64(s, 8 + 2 * i, g->totals[i].sums);
    }
    sqlite3_bind_int64(s, 11, g->next_subject);
    sqlite3_bind_int64(s, 12, g->next_sample);
    sqlite3_bind_int64(s, 14, row_checksum(digest, g->sealed ? root : NULL));
    return fc_gallery_run(g, s, err);
}

fc_status fc_gallery_make_root(fc_gallery *g, fc_error *err)
{
    g->info = (fc_gallery_info){.commits = 1};
    memset(g->totals, 0, sizeof g->totals);
    g->next_subject = g->next_sample = 1;
    randombytes_buf(g->info.state, sizeof g->info.state);
    return write_row(g, err);
}

/* The state is chained: it depends on the one before, on what the commit leaves, and on chance. */
fc_status fc_gallery_write_root(fc_gallery *g, fc_error *err)
{
    uint8_t digest[DIGEST], chance[16];
    crypto_generichash_state h;

    describe(g, digest);
    randombytes_buf(chance, sizeof chance);
    crypto_generichash_init(&h, NULL, 0, sizeof g->info.state);
    crypto_generichash_update(&h, digest, sizeof digest);
    crypto_generichash_update(&h, chance, sizeof chance);
    crypto_generichash_final(&h, g->info.state, sizeof g->info.state);
    g->info.commits++;
    return write_row(g, err);
}
