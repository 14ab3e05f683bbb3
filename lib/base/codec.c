#include "base/codec.h"

#include <nettle/sha2.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"

char *fc_base64_encode(const void *data, size_t n)
{
    size_t cap = sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL);
    char *out = malloc(cap);
    if (out)
        sodium_bin2base64(out, cap, data, n, sodium_base64_VARIANT_ORIGINAL);
    return out;
}

fc_status fc_base64_decode(void *out, size_t n, const char *text, size_t len, const char *what, fc_error *err)
{
    size_t got = 0;
    if (sodium_base642bin(out, n, text, len, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) || got != n)
        return fc_fail(err, FC_ERECORD, "%s: not the base64 of %zu bytes", what, n);
    return FC_OK;
}

fc_status fc_base64_decode_alloc(uint8_t **out, size_t *n, const char *text, size_t len, const char *what,
                                 fc_error *err)
{
    size_t cap = len / 4 * 3 + 3;
    uint8_t *p = malloc(cap);
    if (!p)
        return fc_fail_nomem(err, cap);
    if (sodium_base642bin(p, cap, text, len, NULL, n, NULL, sodium_base64_VARIANT_ORIGINAL)) {
        free(p);
        return fc_fail(err, FC_ERECORD, "%s: not base64", what);
    }
    *out = p;
    return FC_OK;
}

/* Models are hashed at every start: Nettle uses the CPU's SHA instructions where it has them, libsodium does
 * not and takes five times as long. OpenSSL is as fast, but takes 3 ms to load. */
static void finish_hash(char hex[FC_SHA256_HEX], struct sha256_ctx *c)
{
    unsigned char h[SHA256_DIGEST_SIZE];

    sha256_digest(c, sizeof h, h);
    sodium_bin2hex(hex, FC_SHA256_HEX, h, sizeof h);
}

void fc_sha256_hex(char hex[FC_SHA256_HEX], const void *data, size_t n)
{
    struct sha256_ctx c;

    sha256_init(&c);
    sha256_update(&c, n, data);
    finish_hash(hex, &c);
}

void fc_sha256_rows(char hex[FC_SHA256_HEX], const void *data, size_t row, size_t stride, size_t n)
{
    const uint8_t *at = data;
    struct sha256_ctx c;

    sha256_init(&c);
    for (size_t i = 0; i < n; i++)
        sha256_update(&c, row, at + i * stride);
    finish_hash(hex, &c);
}

static void take_block(void *ctx, const uint8_t *data, size_t n)
{
    sha256_update(ctx, n, data);
}

bool fc_sha256_parse(uint8_t out[32], const char *hex)
{
    size_t n = 0;

    return strlen(hex) == FC_SHA256_HEX - 1 &&
           !sodium_hex2bin(out, 32, hex, FC_SHA256_HEX - 1, NULL, &n, NULL) && n == 32;
}

fc_status fc_sha256_file(char hex[FC_SHA256_HEX], const char *path, fc_error *err)
{
    struct sha256_ctx c;
    fc_status s;

    sha256_init(&c);
    s = fc_bytes_each(path, take_block, &c, err);
    if (!s)
        finish_hash(hex, &c);
    return s;
}
