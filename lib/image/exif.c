#include "image/exif.h"

#include <libexif/exif-data.h>
#include <stdlib.h>
#include <string.h>

/* What a JPEG marker can hold; the orientation is in the first IFD, so that more need not be read. */
enum { MOST = 65533 };

int fc_exif_orientation(const uint8_t *data, size_t n)
{
    static const uint8_t head[6] = "Exif\0";
    uint8_t *joined = NULL;
    ExifData *exif = NULL;
    int orientation = 1;

    if (n > MOST)
        n = MOST;
    if (n < sizeof head || memcmp(data, head, sizeof head) != 0) {
        joined = malloc(n + sizeof head);
        if (!joined)
            goto out;
        memcpy(joined, head, sizeof head);
        memcpy(joined + sizeof head, data, n);
        data = joined;
        n += sizeof head;
    }
    exif = exif_data_new();
    if (!exif)
        goto out;
    exif_data_unset_option(exif, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION); /* it would add what is missing */
    exif_data_load_data(exif, data, (unsigned)n);
    const ExifEntry *e = exif_content_get_entry(exif->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
    if (e && e->format == EXIF_FORMAT_SHORT && e->components >= 1 && e->size >= 2) {
        int v = exif_get_short(e->data, exif_data_get_byte_order(exif));
        orientation = v >= 1 && v <= 8 ? v : 1;
    }
out:
    if (exif)
        exif_data_unref(exif);
    free(joined);
    return orientation;
}
