#!/usr/bin/env bats
# Every allocation may fail. One that does ends a tool with a message, or changes nothing.
load common

# scarce STEP COMMAND...: every STEP-th allocation of COMMAND fails, each in a run of its own.
scarce() {
    [ -z "$FC_SANITIZE" ] || skip "a sanitizer has an allocator of its own"
    local step=$1 n got seen=0
    shift
    "$@" >want 2>/dev/null
    for ((n = 1; n < 200000; n += step)); do
        rm -f seen
        got=0
        SCARCE_AT=$n SCARCE_SEEN=seen LD_PRELOAD=$FC_BUILD/modules-of-tests/scarce.so "$@" >out 2>err || got=$?
        [ -e seen ] || break
        seen=$((seen + 1))
        case $got in
        *) ! grep -q '(0 bytes wanted)' err || fault "allocation $n of $*" "$(<err)" ;;&
        0) cmp -s want out || fault "allocation $n of $*: exit status 0, other output" ;;
        2 | 3) [ -s err ] || fault "allocation $n of $*: exit status $got without a message" ;;
        *) fault "allocation $n of $*: exit status $got" "$(<err)" ;;
        esac
    done
    [ ! -e seen ] && [ "$seen" -gt 10 ] || fault "$seen allocations of $* failed"
}

@test "memory that runs out: models" {
    scarce 149 fc-model info -f json mobilefacenet
    scarce 29 fc-model list -f json
}

@test "memory that runs out: galleries" {
    fc-enroll -q -g g --id Ann ann.jpg >/dev/null
    fc-enroll -q -g g --id Bob bob.png >/dev/null
    scarce 23 fc-gallery -g g list
    scarce 29 fc-gallery -g g export
}

@test "memory that runs out: records" {
    fc-embed -q ann.jpg group.jpg >records
    scarce 11 fc-embed -q -j1 records
}
