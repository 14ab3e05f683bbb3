/* As far as a compiler gets: oneDNN 3, which is not what lib/engines/onednn_conv.h wants. */
#define DNNL_VERSION_MAJOR 3
