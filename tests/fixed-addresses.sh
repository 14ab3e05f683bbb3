#!/bin/sh
# fixed-addresses.sh COMMAND...: runs it without random addresses, where the system lets it. ThreadSanitizer of gcc 12 finds its
# places taken ("unexpected memory mapping") where the kernel draws addresses from a wide range (vm.mmap_rnd_bits above 28).
! setarch -R true 2>/dev/null || exec setarch -R "$@"
exec "$@"
