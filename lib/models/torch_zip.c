/* torch.save since PyTorch 1.6: a zip archive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/error.h"
#include "base/size.h"
#include "models/import.h"
#include "models/import_torch.h"
#include "models/torch_dict.h"

/*
 * An archive of uncompressed entries ROOT/data.pkl, the object, and ROOT/data/KEY, a storage. A TorchScript
 * program has ROOT/constants.pkl too.
 */

bool fc_torch_is_zip(const uint8_t *bytes, size_t n)
{
    return n >= 4 && memcmp(bytes, "PK\3\4", 4) == 0;
}

static fc_status zip_fault(const fc_torch_file *im, const char *what)
{
    return fc_fail(im->err, FC_ECORRUPT, "%s: bad zip archive: %s", im->file, what);
}

/* Reads the entry, which must be of want bytes (SIZE_MAX: any, up to max); caller frees. Entries must be
 * uncompressed, as PyTorch's are, so that nothing can be larger than the file. */
static fc_status read_entry(const fc_torch_file *im, zip_t *z, const char *entry, size_t want, size_t max,
                            uint8_t **out, size_t *n)
{
    zip_stat_t st;
    zip_file_t *f;
    char end;
    fc_status s = FC_OK;

    *out = NULL;
    if (zip_stat(z, entry, 0, &st) || !(st.valid & ZIP_STAT_SIZE) || !(st.valid & ZIP_STAT_COMP_METHOD))
        return fc_fail(im->err, FC_ECORRUPT, "%s: no '%s' in the archive", im->file, entry);
    if (st.comp_method != ZIP_CM_STORE || st.size > im->n)
        return fc_fail(im->err, FC_EUNSUPPORTED, "%s: '%s' is compressed, which torch.save never does",
                       im->file, entry);
    if (want != SIZE_MAX && st.size != want)
        return fc_fail(im->err, FC_ECORRUPT, "%s: '%s' has %llu bytes, want %zu", im->file, entry,
                       (unsigned long long)st.size, want);
    if (st.size > max)
        return fc_fail(im->err, FC_ELIMIT, "%s: '%s' has %llu bytes, the limit is %zu", im->file, entry,
                       (unsigned long long)st.size, max);
    *n = (size_t)st.size;
    *out = malloc(*n ? *n : 1);
    if (!*out)
        return fc_fail_nomem(im->err, *n);
    /* The checksum is compared by the read that finds the end. */
    if (!(f = zip_fopen(z, entry, 0)) || zip_fread(f, *out, *n) != (zip_int64_t)*n ||
        zip_fread(f, &end, 1) != 0)
        s = fc_fail(im->err, FC_ECORRUPT, "%s: '%s' cannot be read whole from the archive", im->file, entry);
    if (f)
        zip_fclose(f);
    if (s) {
        free(*out);
        *out = NULL;
    }
    return s;
}

/* Length of the ROOT/ that all entries begin with; 0 where there is none. */
static size_t find_root(zip_t *z, const char **root)
{
    const char *slash;

    *root = zip_get_name(z, 0, ZIP_FL_ENC_RAW);
    slash = *root ? strchr(*root, '/') : NULL;
    return slash ? (size_t)(slash - *root) + 1 : 0;
}

static fc_status open_zip(const fc_torch_file *im, zip_t **out)
{
    zip_error_t e;
    zip_source_t *src;

    zip_error_init(&e);
    *out = NULL;
    src = zip_source_buffer_create(im->bytes, im->n, 0, &e);
    if (src && !(*out = zip_open_from_source(src, ZIP_RDONLY, &e)))
        zip_source_free(src);
    fc_status s = *out ? FC_OK : zip_fault(im, zip_error_strerror(&e));
    zip_error_fini(&e);
    return s;
}

static fc_status read_storages(fc_torch_file *im, zip_t *z, const char *root, size_t nroot)
{
    char entry[512];
    size_t total = 0;

    for (size_t i = 0; i < im->nstorage; i++) {
        fc_torch_storage *st = &im->storages[i];
        size_t size, n;
        if (!fc_mul(st->count, fc_dtype_size(st->dtype), &size) || memchr(st->key, 0, st->nkey) ||
            snprintf(entry, sizeof entry, "%.*sdata/%.*s", (int)nroot, root, (int)st->nkey, st->key) >=
                (int)sizeof entry)
            return fc_torch_broken(im, "a storage that cannot be in the archive");
        if (!fc_import_add(&total, size, im->n))
            return fc_fail(im->err, FC_ELIMIT, "%s: its storages are more than %d times the file", im->file,
                           FC_IMPORT_SHARING);
        fc_status s = read_entry(im, z, entry, size, im->n, &st->copy, &n);
        if (s)
            return s;
        st->data = st->copy;
    }
    return FC_OK;
}

static bool has_constants(zip_t *z, const char *root, size_t nroot)
{
    char entry[512];

    return snprintf(entry, sizeof entry, "%.*sconstants.pkl", (int)nroot, root) < (int)sizeof entry &&
           zip_name_locate(z, entry, 0) >= 0;
}

bool fc_torch_is_program(const uint8_t *bytes, size_t n)
{
    fc_torch_file im = {.file = "", .bytes = bytes, .n = n};
    const char *root;
    size_t nroot;
    zip_t *z;
    bool is;

    if (!fc_torch_is_zip(bytes, n) || open_zip(&im, &z))
        return false;
    nroot = find_root(z, &root);
    is = nroot > 0 && nroot <= 256 && has_constants(z, root, nroot);
    zip_discard(z);
    return is;
}

fc_status fc_torch_read_zip(fc_torch_file *im)
{
    zip_t *z;
    const char *root;
    char entry[512];
    uint8_t *order = NULL;
    size_t nroot, n, used;
    fc_status s = open_zip(im, &z);

    if (s)
        return s;
    nroot = find_root(z, &root);
    if (nroot == 0 || nroot > 256) {
        s = fc_fail(im->err, FC_EFORMAT, "%s: a zip archive, but not one of torch.save's", im->file);
        goto out;
    }
    if (has_constants(z, root, nroot)) {
        s = fc_fail(im->err, FC_EUNSUPPORTED,
                    "%s: a TorchScript program, not a state dict: it is for libtorch to run, as it is",
                    im->file);
        goto out;
    }
    snprintf(entry, sizeof entry, "%.*sbyteorder", (int)nroot, root);
    if (zip_name_locate(z, entry, 0) >= 0) {
        s = read_entry(im, z, entry, SIZE_MAX, 16, &order, &n);
        if (!s && (n != 6 || memcmp(order, "little", 6) != 0))
            s = fc_fail(im->err, FC_EUNSUPPORTED, "%s: not from a little-endian machine", im->file);
    }
    snprintf(entry, sizeof entry, "%.*sdata.pkl", (int)nroot, root);
    if (!s)
        s = read_entry(im, z, entry, SIZE_MAX, FC_PICKLE_MAX_BYTES, &im->pickled, &n);
    if (!s)
        s = fc_torch_unpickle(im, &im->pickle, im->pickled, n, &used);
    if (!s)
        s = fc_torch_read_dict(im);
    if (!s)
        s = read_storages(im, z, root, nroot);
out:
    free(order);
    zip_discard(z);
    return s;
}
