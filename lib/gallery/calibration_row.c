/*
 * The row of the table `calibration`, of galleries of format 3. It has no checksum of its own: the description's covers it
 * (root.c), and with the key the root does.
 */
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "gallery/impl.h"

#define STEPS 1e6 /* of a unit: scores have six places */
enum { SCORE = 4 /* bytes of a score: a whole number of steps, little-endian */ };

/* ---- scores ---- */

static void store_scores(uint8_t *out, const fc_calibration *c)
{
    for (size_t i = 0; i < c->looks; i++) {
        const uint32_t v = (uint32_t)(int32_t)lround(c->score[i] * STEPS);
        for (int k = 0; k < SCORE; k++)
            out[i * SCORE + (size_t)k] = (uint8_t)(v >> 8 * k);
    }
}

static double load_score(const uint8_t *bytes)
{
    uint32_t v = 0;

    for (int k = 0; k < SCORE; k++)
        v |= (uint32_t)bytes[k] << 8 * k;
    return fc_decimal((int32_t)v / STEPS);
}

/* False where they are not such as are stored: cosines, falling. */
static bool load_scores(double *score, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        score[i] = load_score(bytes + i * SCORE);
        if (!(fabs(score[i]) <= 1.001) || (i > 0 && score[i] > score[i - 1]))
            return false;
    }
    return true;
}

/* ---- for the description ---- */

void fc_calibration_hash(crypto_generichash_state *h, const fc_calibration *c)
{
    const int64_t numbers[] = {c->way, c->fuse, (int64_t)c->people, (int64_t)c->looks};

    crypto_generichash_update(h, (const uint8_t *)"calibration", 11);
    crypto_generichash_update(h, (const uint8_t *)numbers, sizeof numbers);
    crypto_generichash_update(h, (const uint8_t *)&c->fpir, sizeof c->fpir);
    crypto_generichash_update(h, (const uint8_t *)c->contract, sizeof c->contract);
    crypto_generichash_update(h, c->cohort, sizeof c->cohort);
    crypto_generichash_update(h, (const uint8_t *)c->score, c->looks * sizeof *c->score);
}

/* ---- reading ---- */

/* Columns as in FC_SQL_CALIBRATION. *bytes: the scores. */
static bool take_columns(fc_calibration *c, sqlite3_stmt *s, const uint8_t **bytes)
{
    const int64_t way = sqlite3_column_int64(s, 0), fuse = sqlite3_column_int64(s, 1),
                  people = sqlite3_column_int64(s, 3);
    const char *contract = (const char *)sqlite3_column_text(s, 4);
    const size_t length = (size_t)sqlite3_column_bytes(s, 4);
    const uint8_t *cohort = sqlite3_column_blob(s, 5);
    const size_t cohort_size = (size_t)sqlite3_column_bytes(s, 5);

    *bytes = sqlite3_column_blob(s, 6);
    const size_t n = (size_t)sqlite3_column_bytes(s, 6);
    *c = (fc_calibration){.way = (fc_calibration_way)way,
                          .fuse = (fc_fuse)fuse,
                          .fpir = sqlite3_column_double(s, 2),
                          .people = (uint64_t)people,
                          .looks = n / SCORE};
    if ((way != FC_BY_COHORT && way != FC_BY_LEAVING_OUT) || fuse < FC_FUSE_MAX || fuse > FC_FUSE_TOP3 ||
        !(c->fpir > 0 && c->fpir < 1) || people < 1 || !contract || length >= sizeof c->contract ||
        strlen(contract) != length || !cohort || cohort_size != sizeof c->cohort || !*bytes || n % SCORE ||
        !c->looks || c->looks > FC_MOST_LOOKS)
        return false;
    memcpy(c->contract, contract, length);
    memcpy(c->cohort, cohort, cohort_size);
    return true;
}

static fc_status take_row(fc_gallery *g, sqlite3_stmt *s, fc_error *err)
{
    const uint8_t *bytes;
    fc_calibration c;

    if (!take_columns(&c, s, &bytes))
        return fc_fail(err, FC_ECORRUPT, "%s: damaged: its calibration is not as it was written", g->name);
    double *score = malloc(c.looks * sizeof *score);
    if (!score)
        return fc_fail_nomem(err, c.looks * sizeof *score);
    const bool right = load_scores(score, bytes, c.looks);
    g->calibration = right ? fc_calibration_new(&c, score) : NULL;
    free(score);
    if (g->calibration)
        return FC_OK;
    return right
               ? fc_fail_nomem(err, c.looks * sizeof *score)
               : fc_fail(err, FC_ECORRUPT, "%s: damaged: its calibration is not as it was written", g->name);
}

fc_status fc_gallery_read_calibration(fc_gallery *g, fc_error *err)
{
    sqlite3_stmt *s;
    bool row;
    fc_status st;

    free(g->calibration);
    g->calibration = NULL;
    if (g->format < FC_GALLERY_CALIBRATED)
        return FC_OK;
    st = fc_gallery_statement(g, FC_SQL_CALIBRATION, &s, err);
    if (!st)
        st = fc_gallery_step(g, s, &row, err);
    if (st || !row)
        return st;
    st = take_row(g, s, err);
    sqlite3_reset(s);
    return st;
}

fc_status fc_gallery_get_calibration(fc_gallery *g, fc_calibration **out, fc_error *err)
{
    bool own;
    fc_status s = fc_gallery_enter(g, false, &own, err);

    *out = NULL;
    if (s)
        return s;
    if (g->calibration && !(*out = fc_calibration_new(g->calibration, g->calibration->score)))
        s = fc_fail_nomem(err, g->calibration->looks * sizeof *g->calibration->score);
    s = fc_gallery_leave(g, own, s, err);
    if (s) {
        free(*out);
        *out = NULL;
    }
    return s;
}

/* ---- writing ---- */

static fc_status write_row(fc_gallery *g, const fc_calibration *c, fc_error *err)
{
    sqlite3_stmt *s;
    uint8_t *bytes = malloc(c->looks * SCORE);
    fc_status st = bytes ? fc_gallery_statement(g, FC_SQL_SET_CALIBRATION, &s, err)
                         : fc_fail_nomem(err, c->looks * SCORE);

    if (!st) {
        store_scores(bytes, c);
        sqlite3_bind_int64(s, 1, c->way);
        sqlite3_bind_int64(s, 2, c->fuse);
        sqlite3_bind_double(s, 3, c->fpir);
        sqlite3_bind_int64(s, 4, (int64_t)c->people);
        sqlite3_bind_text(s, 5, c->contract, -1, SQLITE_STATIC);
        sqlite3_bind_blob(s, 6, c->cohort, sizeof c->cohort, SQLITE_STATIC);
        sqlite3_bind_blob64(s, 7, bytes, c->looks * SCORE, SQLITE_STATIC);
        st = fc_gallery_run(g, s, err);
        sqlite3_clear_bindings(s);
    }
    free(bytes);
    return st;
}

fc_status fc_gallery_set_calibration(fc_gallery *g, const fc_calibration *c, fc_error *err)
{
    fc_calibration *copy = fc_calibration_new(c, c->score);
    fc_status s = copy ? FC_OK : fc_fail_nomem(err, c->looks * sizeof *c->score);

    if (!s && g->format < FC_GALLERY_CALIBRATED)
        s = fc_gallery_add_calibration_table(g, err);
    if (!s)
        s = write_row(g, c, err);
    if (s) {
        free(copy);
        return s;
    }
    free(g->calibration);
    g->calibration = copy;
    g->changed = true;
    return FC_OK;
}
