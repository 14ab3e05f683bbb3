/* Linked into every program of a build with AddressSanitizer.
 *
 * libasan notes what __tls_get_addr returns, so that LeakSanitizer looks for pointers there. To learn how long such
 * a block is, it takes any that begins 16 bytes after the start of a page for one of glibc 2.19 to 2.24, which kept
 * {size, start} before it, and reads the two words there. Since 2.25 glibc gets these blocks from malloc(), and what
 * lies before a block of AddressSanitizer's malloc() is its own header: "size" and "start" are then any numbers, and
 * LeakSanitizer dies of signal 11 as it reads that "block". Whether a block of libtorch's or libgomp's begins there
 * depends on all that was allocated before: on the photo, the number of threads, the CPU.
 *
 * Without these notes nothing is hidden: blocks from malloc() are found as all others are, here from the thread's
 * table of them. tests/unit/test_leaks.c checks both. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "intercept_tls_get_addr=0";
}
