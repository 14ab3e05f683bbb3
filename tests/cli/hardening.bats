# What the linker and the compiler put into the tools, the modules and the library against faults that nobody has found.

load common

# Everything that is built to be installed.
built() {
    find "$FC_BIN" "$FC_BUILD/modules" "$FC_BUILD/packaging" -type f \( -path "$FC_BIN/*" -perm -u+x -o -name '*.so*' -o -name facecheck-sandbox \)
}

all() {
    local file n=0
    while read -r file; do
        "$@" "$file" || fault "$file: no"
        n=$((n + 1))
    done < <(built)
    [ "$n" -gt 10 ]
}

# Addresses of functions cannot be overwritten after the start: full RELRO.
bound_at_start() {
    readelf -lW "$1" | grep -q GNU_RELRO && readelf -dW "$1" | grep -Eq 'FLAGS_1.*\bNOW\b'
}

moves() {
    readelf -hW "$1" | grep -q 'Type:.*DYN' && ! readelf -dW "$1" | grep -q TEXTREL &&
        { [[ $1 == *.so* ]] || readelf -dW "$1" | grep -Eq 'FLAGS_1.*\bPIE\b'; }
}

stack_runs_nothing() {
    readelf -lW "$1" | grep GNU_STACK | grep -q ' RW '
}

# facecheck-camera.so has no function with an array.
guards_its_stack() {
    [[ $1 == */facecheck-camera.so ]] || readelf -sW --dyn-syms "$1" | grep -q '__stack_chk_fail'
}

# Functions of libc that check the size of what they write to. A module may have nothing that writes so; how its files are
# compiled is seen below.
fortified() {
    [[ $1 == "$FC_BUILD/modules/"* ]] || readelf -sW --dyn-syms "$1" | grep -Eq ' __[a-z]+_chk(@|$)'
}

@test "all programs, modules and the library: full RELRO" {
    all bound_at_start
}

@test "all of them can be loaded anywhere" {
    all moves
}

@test "no stack is executable" {
    all stack_runs_nothing
}

@test "stack frames with arrays have a guard" {
    all guards_its_stack
}

@test "libc's writes are checked" {
    if [ -z "$FC_SANITIZE" ]; then
        all fortified
    fi
}

# A flag that only most files get would pass the tests above.
@test "every file is compiled so" {
    jq -r '.[] | select(.file | test("/(lib|cmd)/")) | .command' "$FC_BUILD/compile_commands.json" >commands
    [ "$(wc -l <commands)" -gt 100 ]
    [ "$(grep -cv -- '-fstack-protector-strong' commands)" -eq 0 ]
    [ -n "$FC_SANITIZE" ] || ! grep -q -- ' -O[1-3s]' commands || [ "$(grep -cv -- '-D_FORTIFY_SOURCE=2' commands)" -eq 0 ]
    run -1 grep -e '-fno-stack-protector' -e ' -fno-pi[ce]' commands
}
