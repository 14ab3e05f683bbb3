#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/error.h"
#include "base/folder.h"
#include "gallery/impl.h"

enum {
    DEFAULT_WAIT_MS = 30000,
    WAL_OFFSET = 18, /* "Database File Format", 1.3.2: the versions for writing and for reading */
    WAL = 2
};

/* ---- names ---- */

char *fc_gallery_beside(const fc_gallery *g, const char *ending)
{
    char *out;
    return asprintf(&out, "%s%s", g->path, ending) < 0 ? NULL : out;
}

static int access_folder(const char *path, int how)
{
    char *copy = strdup(path);
    const int result = copy ? access(dirname(copy), how) : -1, e = errno;

    free(copy);
    errno = e;
    return result;
}

fc_status fc_gallery_check_writable(const char *path, const char *name, fc_error *err)
{
    if ((access(path, W_OK) && errno != ENOENT) || access_folder(path, W_OK))
        return fc_fail_errno(err, name);
    return FC_OK;
}

fc_status fc_gallery_check_file(const char *path, const char *name, fc_error *err)
{
    struct stat st;

    if (stat(path, &st))
        return fc_fail_errno(err, name);
    if (!S_ISREG(st.st_mode))
        return fc_fail(err, FC_EFORMAT, "%s: not a gallery (not a file)", name);
    if (st.st_size == 0)
        return fc_fail(err, FC_EEMPTY, "%s: empty, which no gallery is (to have a new one made, remove it)",
                       name);
    return FC_OK;
}

/* ---- handles ---- */

fc_gallery *fc_gallery_alloc(const char *name, const char *path, int wait_ms)
{
    fc_gallery *g = calloc(1, sizeof *g);

    if (!g)
        return NULL;
    g->log = -1;
    g->schema_version = -1;
    g->wait_ms = wait_ms ? wait_ms : DEFAULT_WAIT_MS;
    g->name = strdup(name);
    g->path = strdup(path);
    if (g->name && g->path)
        return g;
    fc_gallery_free(g);
    return NULL;
}

static void disconnect(fc_gallery *g)
{
    for (int i = 0; i < FC_SQL_COUNT; i++) {
        sqlite3_finalize(g->stmt[i]);
        g->stmt[i] = NULL;
    }
    sqlite3_close(g->db);
    g->db = NULL;
    g->in_transaction = false;
}

void fc_gallery_free(fc_gallery *g)
{
    if (!g)
        return;
    int no_checkpoint = 1;
    if (g->db)
        sqlite3_db_config(g->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, -1, &no_checkpoint);
    disconnect(g);
    if (g->place == FC_ON_DISK && !no_checkpoint)
        fc_gallery_forget_commits(g);
    if (g->log >= 0)
        close(g->log);
    fc_seal_free(g->seal);
    free(g->calibration);
    free(g->name);
    free(g->path);
    free(g);
}

const char *fc_gallery_path(const fc_gallery *g)
{
    return g->name;
}

bool fc_gallery_sealed(const fc_gallery *g)
{
    return g->sealed;
}

bool fc_gallery_is_new(const fc_gallery *g)
{
    return g->place == FC_NEW;
}

/* ---- connections ---- */

static bool has_log(const fc_gallery *g)
{
    struct stat st;
    char *log = fc_gallery_beside(g, "-wal");
    const bool has = !log || (!stat(log, &st) && st.st_size > 0);

    free(log);
    return has;
}

/* SQLite takes what is missing of the last page for zeros. While pages go from the log into the file it may end
 * anywhere, so look again. */
static fc_status check_size(fc_gallery *g, fc_error *err)
{
    int64_t page = 0;
    struct stat st;
    fc_status s = fc_gallery_read_integer(g, "PRAGMA page_size", &page, err);

    for (int i = 0; !s && i < 20; i++) {
        if (has_log(g) || (!stat(g->path, &st) && st.st_size % page == 0))
            return FC_OK;
        usleep(5000);
    }
    return s ? s : fc_fail(err, FC_ETRUNCATED, "%s: ends too early", g->name);
}

static fc_status connect_memory(fc_gallery *g, fc_error *err)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

    if (sqlite3_open_v2(":memory:", &g->db, flags, NULL))
        return fc_fail_nomem(err, 0);
    return fc_gallery_settings(g, g->place == FC_NEW, err);
}

fc_status fc_gallery_connect(fc_gallery *g, fc_error *err)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int rc = sqlite3_open_v2(g->path, &g->db, flags, NULL);

    if (!g->db)
        return fc_fail_nomem(err, 0);
    return rc ? fc_gallery_fault(g, err) : fc_gallery_settings(g, g->may_write, err);
}

/* What is there is sound as far as its description tells. */
static fc_status look(fc_gallery *g, fc_error *err)
{
    fc_status s = fc_gallery_check_schema(g, false, err);

    if (!s && g->place == FC_ON_DISK)
        s = check_size(g, err);
    if (!s)
        s = fc_gallery_begin(g, false, err);
    return s ? s : fc_gallery_commit(g, err);
}

static fc_status open_disk(fc_gallery *g, fc_error *err)
{
    fc_status s = fc_gallery_connect(g, err);

    if (!s)
        s = look(g, err);
    if (!s) /* its log may go into the file now */
        sqlite3_db_config(g->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return s;
}

static fc_status open_snapshot(fc_gallery *g, fc_error *err)
{
    uint8_t *data = NULL;
    size_t n = 0;
    fc_commits commits;
    fc_status s = fc_gallery_read_commits(g, &commits, err);

    g->place = FC_SNAPSHOT;
    if (!s)
        s = fc_gallery_snapshot(&data, &n, g->path, g->name, g->wait_ms, err);
    if (!s)
        s = connect_memory(g, err);
    if (s) {
        sqlite3_free(data);
        return s;
    }
    if (sqlite3_deserialize(g->db, "main", data, (sqlite3_int64)n, (sqlite3_int64)n,
                            SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY))
        return fc_gallery_fault(g, err); /* data is freed by then */
    s = look(g, err);
    return s ? s : fc_gallery_check_commits(g, &commits, err);
}

/* Where SQLite cannot have its files beside the gallery (no right to write there, a full disk), it is read without. */
static fc_status open_reading(fc_gallery *g, fc_error *err)
{
    fc_error why;
    fc_status s;

    if (!access(g->path, W_OK) && !access_folder(g->path, W_OK)) {
        s = open_disk(g, &why);
        if (s != FC_EIO && s != FC_EMISSING)
            return s ? fc_fail(err, s, "%s", why.message) : s;
        disconnect(g);
        g->schema_version = -1;
    }
    return open_snapshot(g, err);
}

/* ---- new ones ---- */

fc_status fc_gallery_start(fc_gallery *g, fc_error *err)
{
    fc_status s;

    g->place = FC_NEW;
    s = connect_memory(g, err);
    if (!s)
        s = fc_gallery_run_text(g, "PRAGMA page_size = 8192; BEGIN", err);
    if (!s)
        s = fc_gallery_make_schema(g, err);
    if (!s)
        s = fc_gallery_make_root(g, err);
    return s ? s : fc_gallery_run_text(g, "COMMIT", err);
}

/* In memory until its first commit, so that nothing is left of what failed. */
static fc_status open_new(fc_gallery *g, const fc_secret *secret, fc_error *err)
{
    fc_status s = FC_OK;

    randombytes_buf(g->uid, sizeof g->uid);
    g->sealed = secret != NULL;
    if (secret)
        s = fc_seal_make(&g->seal, secret, &g->head, err);
    return s ? s : fc_gallery_start(g, err);
}

/* A log that a removed gallery of that name has left would be taken for this one's. */
static void remove_leftovers(const fc_gallery *g)
{
    static const char *const endings[] = {"-wal", "-shm", "-commits"};

    for (size_t i = 0; i < 3 && access(g->path, F_OK); i++) {
        char *path = fc_gallery_beside(g, endings[i]);
        if (path)
            unlink(path);
        free(path);
    }
}

/* The whole file at once, so that a gallery is never half there. */
static fc_status create_file(fc_gallery *g, fc_error *err)
{
    sqlite3_int64 n = 0;
    unsigned char *file = sqlite3_serialize(g->db, "main", &n, 0);
    fc_status s;

    if (!file)
        return fc_fail_nomem(err, 0);
    memcpy(file + WAL_OFFSET, (uint8_t[]){WAL, WAL}, 2);
    remove_leftovers(g);
    s = fc_create_private(g->path, file, (size_t)n, err);
    sqlite3_free(file);
    return s;
}

fc_status fc_gallery_settle(fc_gallery *g, fc_error *err)
{
    uint8_t uid[sizeof g->uid];
    fc_seal *seal = g->seal;
    fc_status s = create_file(g, err);

    if (s)
        return s;
    memcpy(uid, g->uid, sizeof uid);
    disconnect(g);
    g->place = FC_ON_DISK;
    g->schema_version = -1;
    g->seal = NULL; /* if it is somebody else's, the key is another */
    s = open_disk(g, err);
    if (!s && memcmp(uid, g->uid, sizeof uid)) {
        fc_seal_free(seal);
        return fc_fail(err, FC_EIO, "%s: another process has made it at the same time", g->name);
    }
    g->seal = seal;
    return s;
}

/* ---- opening ---- */

static fc_status open_seal(fc_gallery *g, const fc_secret *secret, fc_error *err)
{
    fc_status s;

    if (!secret)
        return FC_OK;
    if (!g->sealed) /* or else whoever puts an open one in its place gets the next embeddings in the open */
        return fc_fail(err, FC_EDATA, "%s: is not sealed, and a key was given", g->name);
    s = fc_seal_unlock(&g->seal, secret, &g->head, g->name, err);
    if (!s)
        s = fc_gallery_begin(g, false, err); /* the description has to be the sealed one */
    return s ? s : fc_gallery_commit(g, err);
}

static fc_status check_new(const fc_gallery_options *opt, const char *path, const char *name, fc_error *err)
{
    if (opt->secret && !opt->seal)
        return fc_fail(err, FC_EUSAGE, "%s: a key was given for a new gallery that is not to be sealed",
                       name);
    return access_folder(path, W_OK) ? fc_fail_errno(err, name) : FC_OK;
}

static fc_status open_there(fc_gallery *g, const fc_gallery_options *opt, fc_error *err)
{
    fc_status s = fc_gallery_check_file(g->path, g->name, err);

    if (!s && g->may_write)
        s = fc_gallery_check_writable(g->path, g->name, err);
    if (!s)
        s = g->may_write ? open_disk(g, err) : open_reading(g, err);
    if (!s && opt->seal && !g->sealed)
        s = fc_fail(err, FC_EDATA, "%s: is there already, and is not sealed", g->name);
    return s ? s : open_seal(g, opt->secret, err);
}

fc_status fc_gallery_open(fc_gallery **out, const char *path, const fc_gallery_options *opt, fc_error *err)
{
    fc_gallery *g = NULL;
    char *real = NULL;
    fc_status s = FC_OK;

    *out = NULL;
    if (sodium_init() < 0)
        return fc_fail(err, FC_EIO, "no source of random numbers");
    if (opt->seal && !opt->secret)
        return fc_fail(err, FC_EUSAGE, "%s: a sealed gallery needs a key", path);
    s = fc_real_name(&real, path, err);
    if (s)
        return s;
    const bool new = opt->mode == FC_GALLERY_CREATE &&access(real, F_OK) && errno == ENOENT;
    g = fc_gallery_alloc(path, real, opt->wait_ms);
    if (!g) {
        free(real);
        return fc_fail_nomem(err, strlen(path) + 1);
    }
    g->may_write = opt->mode != FC_GALLERY_READ;
    if (new)
        s = check_new(opt, real, path, err);
    if (!s)
        s = new ? open_new(g, opt->seal ? opt->secret : NULL, err) : open_there(g, opt, err);
    free(real);
    if (s) {
        fc_gallery_free(g);
        return s;
    }
    *out = g;
    return FC_OK;
}
