#include "jpeg_write.h"

#include "base/atomic.h"
#include "image/jpeg_encode.h"

fc_status jpeg_write(const fc_image *img, const char *path, int quality, fc_error *err)
{
    fc_atomic_file a;
    fc_status s = fc_atomic_open(&a, path, err);

    if (s)
        return s;
    s = fc_jpeg_encode(img, quality, a.f, path, err);
    if (s)
        fc_atomic_discard(&a);
    else
        s = fc_atomic_commit(&a, err);
    return s;
}
