# What `cmake --install` lays down, used from there.
load run

setup_file() {
    export prefix=$BATS_FILE_TMPDIR/usr
    cmake --install "$FC_BUILD" --prefix "$prefix" >"$BATS_FILE_TMPDIR/log"
    # nothing of the build tree is on PATH, and no model of the user's is seen
    PATH=$(sed "s|$FC_BIN:||" <<<"$PATH")
    export PATH HOME=$BATS_FILE_TMPDIR XDG_DATA_HOME=$BATS_FILE_TMPDIR
    unset FACECHECK_MODELS
    libdir=$(dirname "$(dirname "$(find "$prefix" -name facecheck.pc)")")
    export libdir
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    photos=$FC_TESTS/data/photos
}

@test "the tools are in libexec/facecheck, bin has links to them, and none hides a program of fontconfig" {
    [ "$("$prefix/bin/facecheck" path)" = "$(realpath "$prefix")/libexec/facecheck" ]
    for program in "$FC_BIN"/*; do
        name=${program##*/}
        [ -x "$prefix/libexec/facecheck/$name" ]
        case $name in
        fc-match) [ ! -e "$prefix/bin/$name" ] ;;
        *) [ "$(readlink "$prefix/bin/$name")" = "../libexec/facecheck/$name" ] ;;
        esac
    done
    for name in fc-cache fc-cat fc-conflist fc-list fc-match fc-pattern fc-query fc-scan fc-validate; do
        [ ! -e "$prefix/bin/$name" ]
    done
}

@test "the parts that packages are made of are all of it, each file in one of them" {
    for part in library dev tools opencv torch video camera serve models; do
        mkdir "$part"
        cmake --install "$FC_BUILD" --prefix "$PWD/$part" --component "$part" >/dev/null
        (cd "$part" && find . ! -type d)
    done | sort >parts
    diff <(cd "$prefix" && find . ! -type d | sort) parts
    [ -x tools/libexec/facecheck/fc-match ] && [ -x torch/libexec/facecheck/fc-finetune ] && [ -e models/share/facecheck/models/models.yaml ]
    [ ! -e "$prefix/bin/fc-serve" ] || [ -L serve/bin/fc-serve ]
}

@test "a module that links a large library is in that library's part" {
    for part in library tools opencv torch video camera serve; do
        cmake --install "$FC_BUILD" --prefix "$PWD/$part" --component "$part" >/dev/null
        find "$part" -name 'facecheck-*.so' -exec readelf -d {} + >needed.$part
    done
    run -1 grep -E 'NEEDED.*lib(opencv_|torch|c10|av(codec|format))' needed.{library,tools,serve}
    run -1 grep 'NEEDED.*libavdevice' needed.{library,tools,serve,video}
    [ ! -e "$FC_BUILD/modules/facecheck-grabcut.so" ] || [ -n "$(find opencv -name facecheck-grabcut.so)" ]
}

@test "the copyright file of the packages names the weights and pictures that are installed" {
    sed -n 's/^Files: //p' "$FC_TESTS/../packaging/deb/copyright" | tr ' ' '\n' | grep -vx '\*' >named
    find "$prefix/share" \( -name '*.safetensors' -o -name '*.jpg' -o -name '*.png' \) -printf '%f\n' >files
    [ "$(wc -l <files)" -ge 6 ]
    while read -r file; do
        found=
        while read -r glob; do
            # shellcheck disable=SC2254
            case $file in ${glob##*/}) found=1 ;; esac
        done <named
        [ -n "$found" ] || fault "no licence of $file is named"
    done <files
}

@test "what is not installed is named, with the package that has it" {
    mkdir one
    cmake --install "$FC_BUILD" --prefix "$PWD/one" --component tools >/dev/null
    cmake --install "$FC_BUILD" --prefix "$PWD/one" --component models >/dev/null
    run -3 --separate-stderr one/bin/fc-detect "$FC_TESTS/data/formats/pnm-p6.ppm"
    [[ $output == *"the module facecheck-opencv.so is not installed; the package facecheck-opencv has it"* ]]
    if [ -e "$FC_BUILD/modules/facecheck-grabcut.so" ]; then
        run -3 --separate-stderr one/bin/fc-align --background blur "$photos/grace_hopper.jpg"
        [[ $output == *"facecheck-grabcut.so is not installed; the package facecheck-opencv has it"* ]]
    fi
    run -3 --separate-stderr one/bin/fc-detect "$FC_TESTS/data/formats/webp-lossy.webp"
    [[ $output == *"facecheck-formats.so is not installed"* ]]
    run -2 --separate-stderr one/bin/facecheck finetune
    [ "$stderr" = 'facecheck: fc-finetune is not installed; the package facecheck-torch has it' ]
    [ ! -e "$prefix/bin/fc-serve" ] || {
        run -2 --separate-stderr one/bin/facecheck serve
        [ "$stderr" = 'facecheck: fc-serve is not installed; the package facecheck-serve has it' ]
    }
}

@test "the tools run from there with the models from there" {
    mv_models=$prefix/share/facecheck/models
    [ -e "$mv_models/models.yaml" ]
    run -0 --separate-stderr "$prefix/bin/facecheck" match --no-timings -q "$photos/grace_hopper.jpg" "$photos/grace_hopper_512x512.jpg"
    [ "$(jq .match <<<"$output")" = true ]
    run -0 --separate-stderr "$prefix/bin/fc-detect" "$photos/astronaut.png"
    [ "$(jq '.faces | length' <<<"$output")" = 1 ]
    run -0 bash -c '"$1/bin/fc-detect" "$2" | "$1/bin/fc-draw" -o drawn.png' - "$prefix" "$photos/astronaut.png"
    [ -s drawn.png ]
    mv "$mv_models" "$mv_models.away"
    run -2 "$prefix/bin/fc-detect" "$photos/astronaut.png"
    mv "$mv_models.away" "$mv_models"
    [[ $output == *"no models.yaml in "*"/share/facecheck/models"* ]]
}

@test "the whole prefix can be moved" {
    cp -a "$prefix" "$BATS_TEST_TMPDIR/elsewhere"
    run -0 --separate-stderr "$BATS_TEST_TMPDIR/elsewhere/bin/fc-detect" "$photos/astronaut.png"
    [ "$(jq '.faces | length' <<<"$output")" = 1 ]
}

@test "formats other than JPEG and PNG are read by the installed module" {
    [ -e "$libdir/facecheck/facecheck-opencv.so" ] || skip "built without OpenCV"
    "$(command -v convert-im6.q16 || command -v convert)" "$photos/astronaut.png" a.webp
    run -0 --separate-stderr "$prefix/bin/fc-detect" a.webp
    [ "$(jq '.faces | length' <<<"$output")" = 1 ]
}

# A program that counts the faces of a picture: photo.c.
photo_c() {
    cat >photo.c <<'EOF'
#include <facecheck.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    fc_error err;
    fc_models *models;
    fc_detector *detector;
    fc_detect_session *session;
    fc_image image;
    fc_faces faces = {0};

    if (argc != 3 || fc_models_open(&models, argv[1], &err) || fc_detector_new(&detector, models, NULL, &err) ||
        fc_detect_session_new(&session, detector, &err) || fc_image_load(&image, argv[2], NULL, &err) ||
        fc_detect(session, &image, NULL, &faces, &err))
        return fprintf(stderr, "%s\n", err.message), 1;
    printf("%s: %zu faces\n", fc_version(), faces.n);
    return 0;
}
EOF
}

@test "a C program is built with pkg-config and runs" {
    [ -z "$FC_SANITIZE" ] || skip "the shared library wants the sanitizers' run time"
    photo_c
    export PKG_CONFIG_PATH=$libdir/pkgconfig
    read -ra flags <<<"$(pkg-config --cflags --libs facecheck)"
    cc -std=c11 -Wall -Wextra -Wpedantic -Werror photo.c "${flags[@]}" -o photo
    models=$(pkg-config --variable=modelsdir facecheck)
    run -0 env LD_LIBRARY_PATH="$libdir" ./photo "$models" "$photos/sample1.jpg"
    [ "$output" = "$(pkg-config --modversion facecheck): 3 faces" ]

    cp photo.c photo.cpp
    c++ -std=c++17 -Wall -Wextra -Wno-missing-field-initializers -Werror photo.cpp "${flags[@]}" -o photo++
    run -0 env LD_LIBRARY_PATH="$libdir" ./photo++ "$models" "$photos/sample1.jpg"
    [ "${output#*: }" = "3 faces" ]
}

# What the programs of tests/library are tried on: people in folders, and LFW's protocol on a few pictures.
people() {
    mkdir -p people/Ann people/Bob
    cp "$photos/grace_hopper.jpg" people/Ann/Ann_0001.jpg
    cp "$photos/astronaut.png" people/Bob/Bob_0001.jpg
    mkdir -p lfw/Ann lfw/Bob
    cp people/Ann/Ann_0001.jpg lfw/Ann/
    cp "$photos/grace_hopper_512x512.jpg" lfw/Ann/Ann_0002.jpg
    cp people/Bob/Bob_0001.jpg lfw/Bob/
    cp people/Bob/Bob_0001.jpg lfw/Bob/Bob_0002.jpg
    printf '2\t1\nAnn\t1\t2\nAnn\t1\tBob\t1\nBob\t1\t2\nAnn\t2\tBob\t2\n' >pairs.txt
    convert "$photos/grace_hopper_512x512.jpg" -resize x640 ann.png
    convert ann.png "$photos/sample1.jpg" +append group.png
}

# tell_who PROGRAMS MODELS: they enrol people, and tell them and strangers on a group photo.
tell_who() {
    run -0 --separate-stderr "$1/who" "$2" gallery people group.png
    [ "$(cut -d' ' -f2 <<<"$output" | sort | tr '\n' ' ')" = "Ann unknown unknown unknown " ]
    [ "$(sort -n <<<"$output" | head -1 | cut -d' ' -f2)" = Ann ] # who stands on the left
    run -0 --separate-stderr "$1/who" "$2" gallery people "$photos/astronaut.png"
    [ "${output#* }" = Bob ]
    run -2 "$1/who" "$2" other "$photos/640px-IceBlockNearJoekullsarlon.jpg" group.png
    [[ $output == *"nobody to enrol"* ]]
    (cd lfw && run -0 "$1/lfw" "$2" ../pairs.txt && [ "$output" = "accuracy 1.0000 over 4 pairs" ])
}

@test "programs of at most 40 lines enrol a folder of people and name the faces of a photo, and run LFW's protocol" {
    [ -z "$FC_SANITIZE" ] || skip "the shared library wants the sanitizers' run time"
    [ -e "$prefix/include/facecheck/gallery.h" ]
    people
    export PKG_CONFIG_PATH=$libdir/pkgconfig
    read -ra flags <<<"$(pkg-config --cflags --libs facecheck)"
    mkdir with-pkg-config
    for program in who lfw; do
        [ "$(wc -l <"$FC_TESTS/library/$program.c")" -le 40 ]
        cc -std=c11 -Wall -Wextra -Wpedantic -Werror "$FC_TESTS/library/$program.c" "${flags[@]}" -o "with-pkg-config/$program"
    done
    export LD_LIBRARY_PATH=$libdir
    tell_who "$PWD/with-pkg-config" "$(pkg-config --variable=modelsdir facecheck)"
    unset LD_LIBRARY_PATH
    rm gallery*

    cat >CMakeLists.txt <<EOF
cmake_minimum_required(VERSION 3.24)
project(library LANGUAGES C)
find_package(facecheck 0.1 REQUIRED)
foreach(program who lfw)
  add_executable(\${program} "$FC_TESTS/library/\${program}.c")
  target_link_libraries(\${program} PRIVATE facecheck::facecheck)
endforeach()
file(WRITE \${CMAKE_BINARY_DIR}/models "\${facecheck_MODELS_DIR}")
EOF
    run -0 cmake -S . -B out -DCMAKE_PREFIX_PATH="$prefix"
    run -0 cmake --build out
    tell_who "$PWD/out" "$(<out/models)"
}

@test "a CMake project finds the package, in another place than it was built for, too" {
    [ -z "$FC_SANITIZE" ] || skip "the shared library wants the sanitizers' run time"
    photo_c
    cat >CMakeLists.txt <<'EOF'
cmake_minimum_required(VERSION 3.24)
project(photo LANGUAGES C)
find_package(facecheck 0.1 REQUIRED)
add_executable(photo photo.c)
target_link_libraries(photo PRIVATE facecheck::facecheck)
file(WRITE ${CMAKE_BINARY_DIR}/models "${facecheck_MODELS_DIR}")
EOF
    cp -a "$prefix" moved
    run -0 cmake -S . -B out -DCMAKE_PREFIX_PATH="$PWD/moved"
    run -0 cmake --build out
    run -0 out/photo "$(<out/models)" "$photos/sample1.jpg"
    [ "${output#*: }" = "3 faces" ]
    [[ $(<out/models) == "$PWD/moved/"* ]]

    sed -i 's/facecheck 0.1/facecheck 0.2/' CMakeLists.txt
    run -1 cmake -S . -B other -DCMAKE_PREFIX_PATH="$PWD/moved"
    [[ $output == *"facecheck"*"0.2"* ]]
}

@test "a project may hold facecheck as a part of itself, and the library needs no cairo, curl or SQLite" {
    photo_c
    cat >CMakeLists.txt <<EOF
cmake_minimum_required(VERSION 3.24)
project(photo LANGUAGES C CXX)
add_subdirectory("$FC_TESTS/.." facecheck)
add_executable(photo photo.c)
target_link_libraries(photo PRIVATE facecheck::facecheck)
EOF
    mkdir bin
    cat >bin/pkg-config <<'EOF'
#!/bin/sh
case " $* " in *" cairo "* | *" libcurl "* | *" sqlite3 "*) exit 1 ;; esac
exec /usr/bin/pkg-config "$@"
EOF
    chmod +x bin/pkg-config
    run -0 cmake -G Ninja -S . -B out -DPKG_CONFIG_EXECUTABLE="$PWD/bin/pkg-config"
    run -0 ninja -C out -n photo
    [[ $output == *"Linking C executable photo"* ]]
    run -0 ninja -C out -t commands photo
    [[ $output == *libfacecheck.so* && $output != *-lcairo* && $output != *-lcurl* && $output != *sqlite* ]]
    [[ $output != *-Werror* ]]
    run -0 cmake -G Ninja -S . -B out -DFC_TOOLS=OFF -DPKG_CONFIG_EXECUTABLE="$PWD/bin/pkg-config"
    run -1 cmake -G Ninja -S . -B out -DFC_TOOLS=ON -DPKG_CONFIG_EXECUTABLE="$PWD/bin/pkg-config"
}

@test "the shared library's name has its minor version, which may break what the one before promised" {
    version=$(pkg-config --modversion "$libdir/pkgconfig/facecheck.pc")
    run -0 objdump -p "$libdir/libfacecheck.so"
    [[ $output == *"SONAME"*"libfacecheck.so.${version%.*}"* ]]
}

@test "the shared library exports what the installed headers declare and nothing else" {
    nm -D --defined-only "$libdir/libfacecheck.so" | awk '{ print $3 }' | grep -v -E '^(_init|_fini|__(a|ub)san|__(start|stop)___sancov)' | sort >exported
    sed 's/^ \*.*//' "$prefix"/include/facecheck/*.h | grep -v '^typedef' | grep -oE '\bfc_[a-z0-9_]+\(' | tr -d '(' | sort -u >declared
    diff exported declared
}

@test "every exported function has its name in a manual page, and what those name is exported" {
    nm -D --defined-only "$libdir/libfacecheck.so" | awk '{ print $3 }' | grep -v -E '^(_init|_fini|__(a|ub)san|__(start|stop)___sancov)' | sort >exported
    for header in "$prefix"/include/facecheck/*.h; do
        name=${header##*/} name=fc_${name%.h} # which may be a function, too
        sed -n 's/^\.Nm \(fc_[a-z0-9_]*\).*/\1/p' "$prefix/share/man/man3/$name.3" >names
        grep -qx "$name" exported || sed -i "/^$name\$/d" names
        cat names >>named
    done
    diff exported <(sort named)
    # and the example of the overview is the program that is tested above
    sed -n '/^\.Sh EXAMPLES/,/^\.Ed/p' "$prefix/share/man/man3/libfacecheck.3" | sed -n '/^\.Bd/,/^\.Ed/p' | sed '1d; $d; s/\\e/\\/g' |
        diff - "$FC_TESTS/library/who.c"
}

@test "manual pages, completions and licence are where they are looked for" {
    for page in man1/facecheck.1 man5/facerecord.5; do
        [ -s "$prefix/share/man/$page" ]
    done
    for program in "$FC_BIN"/fc-*; do
        [ -s "$prefix/share/man/man1/${program##*/}.1" ]
        [ "${program##*/}" = fc-match ] || [ -n "$(find "$prefix/share/bash-completion" "$prefix/share/zsh" "$prefix/share/fish" -name "*${program##*/}*")" ]
    done
    [ -s "$prefix/share/doc/facecheck/LICENSE" ]
}
