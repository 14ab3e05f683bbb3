/* Base64, by libsodium, and SHA-256, by Nettle. */
#ifndef FC_BASE_CODEC_H
#define FC_BASE_CODEC_H
#include "facecheck.h"

/* Standard alphabet, padded. Caller frees; NULL when memory is out. */
char *fc_base64_encode(const void *data, size_t n);
/* Strict. The decoded length must be exactly n. */
fc_status fc_base64_decode(void *out, size_t n, const char *text, size_t len, const char *what,
                           fc_error *err);
/* Decodes text of any length; caller frees *out. */
fc_status fc_base64_decode_alloc(uint8_t **out, size_t *n, const char *text, size_t len, const char *what,
                                 fc_error *err);

/* Lower-case hex with its NUL. */
void fc_sha256_hex(char hex[FC_SHA256_HEX], const void *data, size_t n);
/* Of n rows of so many bytes, without what lies between them. */
void fc_sha256_rows(char hex[FC_SHA256_HEX], const void *data, size_t row, size_t stride, size_t n);
/* False where it is not 64 hexadecimal digits. */
bool fc_sha256_parse(uint8_t out[32], const char *hex);
fc_status fc_sha256_file(char hex[FC_SHA256_HEX], const char *path, fc_error *err);

#endif
