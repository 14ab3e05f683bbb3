/* Any bytes as a gallery's file: what is accepted can be read to its end, searched, changed and purged. Half of the
 * mutations are SQL's, which put odd values into the columns of a sound file. */
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "facecheck.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t most, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t most);

static const char *path, *side[3];

/* In place of libc's: nobody else writes here. Elsewhere a file that is shorter than it says is looked at again for a while, as
 * most are that come along here. */
int usleep(useconds_t wanted)
{
    (void)wanted;
    return 0;
}

static void prepare(void)
{
    if (path)
        return;
    path = scratch_path("g.fcg");
    side[0] = scratch_path("g.fcg-wal");
    side[1] = scratch_path("g.fcg-shm");
    side[2] = scratch_path("g.fcg.index");
}

static void put_file(const uint8_t *bytes, size_t n)
{
    for (int i = 0; i < 3; i++)
        unlink(side[i]);
    scratch_write(path, bytes, n);
}

/* ---- mutations ---- */

static void run_sql(sqlite3 *db, unsigned seed)
{
    static const char *const values[] = {"NULL",
                                         "-0.0",
                                         "9e999",
                                         "1e308",
                                         "5e-324",
                                         "-1",
                                         "zeroblob(3)",
                                         "''",
                                         "'unknown'",
                                         "randomblob(768)",
                                         "9223372036854775807",
                                         "x'00ff'",
                                         "hex(randomblob(300))",
                                         "(SELECT max(rowid) + 1 FROM \"%s\")"};
    sqlite3_stmt *names;
    char *sql = NULL, table[100] = "", column[100] = "";
    unsigned pick = seed / 2;

    if (sqlite3_prepare_v2(db,
                           "SELECT m.name, c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c "
                           "WHERE m.type = 'table'",
                           -1, &names, NULL))
        return;
    for (unsigned i = pick % 40 + 1; i > 0 && sqlite3_step(names) == SQLITE_ROW; i--) {
        snprintf(table, sizeof table, "%s", sqlite3_column_text(names, 0));
        snprintf(column, sizeof column, "%s", sqlite3_column_text(names, 1));
    }
    sqlite3_finalize(names);
    pick /= 40;
    const char *value = values[pick % (sizeof values / sizeof *values)];
    pick /= 16;
    if (strchr(value, '%'))
        value = "rowid + 1";
    if (pick % 8 == 0)
        sql = sqlite3_mprintf("DELETE FROM \"%w\" WHERE rowid %% 3 = %u", table, pick % 3);
    else
        sql = sqlite3_mprintf("UPDATE OR IGNORE \"%w\" SET \"%w\" = %s WHERE rowid %% 3 = %u OR %u", table,
                              column, value, pick / 8 % 3, pick / 24 % 2);
    if (sql)
        (void)sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_free(sql);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t most, unsigned seed)
{
    sqlite3 *db;
    fc_bytes changed = {0};

    prepare();
    if (seed % 2)
        return LLVMFuzzerMutate(data, n, most);
    put_file(data, n);
    if (!sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL)) {
        /* only what the file says: no code in it may run for ever */
        sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
        run_sql(db, seed);
    }
    sqlite3_close(db);
    if (fc_bytes_read_file(&changed, path, most, NULL) || changed.n > most) {
        fc_bytes_clear(&changed);
        return LLVMFuzzerMutate(data, n, most);
    }
    memcpy(data, changed.data, changed.n);
    n = changed.n;
    fc_bytes_clear(&changed);
    return n;
}

/* ---- use ---- */

static fc_status see_subject(void *ctx, const fc_subject *s, fc_error *err)
{
    (void)err;
    if (!s->name || !*s->name || !s->meta)
        abort();
    *(int64_t *)ctx = s->id;
    return FC_OK;
}

static fc_status see_sample(void *ctx, const fc_sample *s, fc_error *err)
{
    size_t *n = ctx;
    (void)err;
    for (size_t i = 0; s->e && i < s->dim; i++)
        if (!isfinite(s->e[i]))
            abort();
    ++*n;
    return FC_OK;
}

/* Reads everything. True where it is sound. */
static bool read_all(fc_gallery *g, int64_t *somebody, fc_gallery_info *info)
{
    fc_error err = {0};
    fc_table *t = NULL;
    fc_table_label label;
    size_t samples = 0;

    if (fc_gallery_get_info(g, info, &err))
        return false;
    fc_calibration *c = NULL;
    if (!fc_gallery_get_calibration(g, &c, &err) && c && !(fc_calibration_at(c, c->fpir).threshold >= -1.1))
        abort();
    free(c);
    (void)fc_gallery_each_subject(g, true, see_subject, somebody, &err);
    (void)fc_gallery_each_sample(g, 0, true, see_sample, &samples, &err);
    const bool sound = !fc_gallery_check(g, &err);
    const fc_status s = fc_gallery_load(g, &t, &label, &err);
    if (!s && (fc_table_get_size(t).rows != info->samples || fc_table_check(t, &err)))
        abort();
    if (s && sound && s != FC_ENOMEM && s != FC_EDATA) /* sound, but it cannot be read */
        abort();
    fc_table_free(t);
    return sound;
}

static void change(fc_gallery *g, int64_t somebody, const fc_gallery_info *info)
{
    static float e[FC_MAX_DIM];
    fc_error err;
    int64_t id = 0;
    bool added;

    if (fc_gallery_put_subject(g, "Somebody new", &id, &err))
        return;
    e[0] = 1;
    fc_sample s = {.subject = id,
                   .e = e,
                   .dim = info->dim ? info->dim : 8,
                   .contract = *info->contract ? info->contract : "m:1",
                   .source = "a.jpg",
                   .quality = 0.5};
    (void)fc_gallery_put_sample(g, &s, &added, &err);
    (void)fc_gallery_rename(g, somebody, "Renamed", &err);
    (void)fc_gallery_merge(g, somebody, id, &err);
    (void)fc_gallery_remove(g, somebody, &err);
    (void)fc_index_build(g, &err);
    (void)fc_index_purge(g, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static fc_secret *secret;
    static const char key[] = "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef";
    fc_gallery *g;
    fc_gallery_info info = {0};
    fc_error err = {0};
    int64_t somebody = 0;

    prepare();
    if (!secret && fc_secret_new(&secret, key, sizeof key - 1, false, "key", &err))
        abort();
    for (int write = 0; write < 2; write++) {
        put_file(bytes, n);
        fc_status s =
            fc_gallery_open(&g, path,
                            &(fc_gallery_options){.mode = write ? FC_GALLERY_WRITE : FC_GALLERY_READ,
                                                  .secret = write ? NULL : secret,
                                                  .wait_ms = 10},
                            &err);
        if (s) {
            if (g || !err.status)
                abort();
            continue;
        }
        const bool sound = read_all(g, &somebody, &info);
        if (write)
            change(g, somebody, &info);
        if (write && sound)
            (void)read_all(g, &somebody, &info);
        fc_gallery_free(g);
    }
    return 0;
}
