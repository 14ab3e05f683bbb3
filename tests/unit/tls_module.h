/* What tls_module.c's variables of one thread take, in bytes: as much as libgomp's. */
#ifndef FC_TLS_MODULE_H
#define FC_TLS_MODULE_H

enum { TLS_SIZE = 136 };

#endif
