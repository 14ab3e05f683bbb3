#!/usr/bin/env bash
# compare-builds.sh OLD NEW: runs the tools of two builds (their bin/ folders) on the sample photos, and shows where what
# they print or write is not the same, byte for byte. What a clock or the build itself says is left out: times, dates,
# versions. For whoever moves code: no difference is what is wanted; exit status 1 where there is one.
#
# Both run in folders of the same shape, on one thread and on several, with data sets, galleries and classifiers that
# they make from the photos, and on broken input. Figures (SVG, PNG) are compared, too.
set -euo pipefail
export FACECHECK_CONFIG=
[ $# -eq 2 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
bin=("$(realpath "$1")" "$(realpath "$2")")
tests=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=0
unset "${!FACECHECK_@}"

# run NAME COMMAND...: its output, messages and exit status go to out/NAME.*
run() {
    local name=$1 code=0
    shift
    "$@" >"out/$name.out" 2>"out/$name.err" </dev/null || code=$?
    echo $code >"out/$name.code"
}

# pipe NAME SCRIPT: the same for what is joined by pipes
pipe() {
    run "$1" bash -c "$2"
}

photos() {
    cp "$tests"/data/photos/*.jpg "$tests"/data/photos/*.png .
    mv grace_hopper.jpg ann.jpg
    mv grace_hopper_512x512.jpg ann2.jpg
    mv astronaut.png bob.png
    mv 640px-IceBlockNearJoekullsarlon.jpg ice.jpg
    cp -r "$tests/bad" bad
    mkdir -p people/Ann people/Bob people/Cat
    cp ann.jpg ann2.jpg people/Ann/
    cp bob.png people/Bob/
    cp sample3.jpg people/Cat/
    mkdir -p lfw/Ann lfw/Bob
    cp ann.jpg lfw/Ann/Ann_0001.jpg
    cp ann2.jpg lfw/Ann/Ann_0002.jpg
    cp bob.png lfw/Bob/Bob_0001.jpg
    { cat bob.png; echo; } >lfw/Bob/Bob_0002.jpg
    cp ice.jpg lfw/Bob/Bob_0003.jpg
    printf '2\t1\nAnn\t1\t2\nAnn\t1\tBob\t1\nBob\t1\t2\nAnn\t2\tBob\t2\n' >pairs.txt
    printf '%s\n' ann.jpg bob.png >list
}

everything() {
    local tool j
    photos
    mkdir out
    for tool in detect align embed match draw eval bench plot model enroll gallery knn-train; do
        run "$tool.help" "fc-$tool" --help
        run "$tool.dump" "fc-$tool" --dump-options
        run "$tool.wrong" "fc-$tool" --no-such-option
    done
    for j in 1 4; do
        run "detect.json.$j" fc-detect -j$j ./*.jpg bob.png
        run "detect.bad.$j" fc-detect -j$j bad/* ann.jpg
        run "embed.json.$j" fc-embed -j$j ./*.jpg bob.png
        run "embed.dir.$j" fc-embed -j$j -r people
    done
    run detect.tsv fc-detect -f tsv sample1.jpg ann.jpg
    run detect.options fc-detect --min-face 60 --max-side 300 --faces largest --thresholds 0.7,0.8,0.9 sample1.jpg
    run detect.turns fc-detect --turns ice.jpg bob.png
    run detect.list fc-detect --files-from list
    run detect.none fc-detect nothing.jpg
    run detect.empty fc-detect bad/empty.jpg
    run detect.one fc-detect --faces one sample1.jpg ann.jpg
    run detect.fast fc-detect --fail-fast bad/garbage.jpg ann.jpg
    run align.json fc-align ann.jpg sample1.jpg
    run quality.json fc-quality ann.jpg sample1.jpg
    run align.dir fc-align -o crops sample1.jpg bob.png
    run embed.flip fc-embed --flip --precision fp32 ann.jpg
    run embed.npy fc-embed -f npy -o e.npy ann.jpg sample1.jpg
    run embed.aligned fc-embed --aligned crops/*
    pipe embed.pipe 'fc-detect sample1.jpg bob.png | fc-align | fc-embed'
    pipe embed.stdin 'fc-embed <ann.jpg'
    pipe embed.records 'fc-detect -j2 ./*.jpg >records; cat records ann.jpg | fc-embed; fc-embed records bob.png'
    run match.yes fc-match --no-timings ann.jpg ann2.jpg
    run match.no fc-match --no-timings ann.jpg bob.png
    run match.tsv fc-match -f tsv --no-timings sample3.jpg sample1.jpg ann.jpg ice.jpg
    run match.euclidean fc-match --no-timings --metric euclidean ann.jpg ann2.jpg bob.png
    run match.none fc-match --no-timings ice.jpg ann.jpg
    run match.bad fc-match --no-timings ann.jpg bad/*
    run enroll.dirs fc-enroll -g g.fcg --from-dirs people
    run enroll.again fc-enroll -g g.fcg --from-dirs people
    run enroll.id fc-enroll -g g.fcg --id Dan ice.jpg sample1.jpg ann.jpg
    run enroll.augment fc-enroll -g a.fcg --augment 3 --seed 7 --id Ann ann.jpg
    run gallery.list fc-gallery -g g.fcg list
    run gallery.check fc-gallery -g g.fcg check
    run gallery.export fc-gallery -g g.fcg export
    run gallery.tsv fc-gallery -g g.fcg export -f tsv
    run gallery.npy fc-gallery -g g.fcg export -f npy -o x.npy
    run gallery.show fc-gallery -g g.fcg show Ann
    run gallery.nobody fc-gallery -g g.fcg rm Nobody
    run gallery.photos fc-gallery -g g.fcg check --photos
    pipe gallery.import 'fc-gallery -g g.fcg export | fc-gallery -g i.fcg import'
    run match.gallery fc-match --no-timings -g g.fcg ./*.jpg bob.png
    run match.unique fc-match --no-timings -g g.fcg --unique sample1.jpg sample3.jpg
    run match.attendance fc-match --no-timings -g g.fcg --attendance sample1.jpg sample3.jpg ann.jpg
    run match.candidates fc-match --no-timings -g g.fcg --candidates 3 ann.jpg sample1.jpg
    run match.gallery.tsv fc-match --no-timings -f tsv -g g.fcg sample1.jpg bob.png ice.jpg bad/garbage.jpg
    for tool in max mean top3; do
        run "match.fuse.$tool" fc-match --no-timings -g g.fcg --fuse $tool ann.jpg sample3.jpg
    done
    run knn.train fc-knn-train -g g.fcg -k 1 -o k.knn
    run knn.again fc-knn-train -g a.fcg -o one.knn
    run gallery.rename fc-gallery -g i.fcg rename Ann Zoe
    run gallery.merge fc-gallery -g i.fcg merge Bob Zoe
    run gallery.rm fc-gallery -g i.fcg rm Zoe
    run gallery.after fc-gallery -g i.fcg list
    run match.knn fc-match --no-timings --knn k.knn ./*.jpg bob.png
    run match.knn.tsv fc-match --no-timings -f tsv --knn k.knn sample1.jpg bob.png ice.jpg
    run eval.pairs fc-eval pairs --root lfw --pairs pairs.txt
    run eval.pairs.json fc-eval pairs --root lfw --pairs pairs.txt -f json -o pairs.json --html page.html --junit unit.xml \
        --worst 3 worst --assert 'accuracy>=0.7' --assert 'tar@far=0.5>=0.2'
    run eval.all fc-eval all-pairs --root lfw -f json
    cp -r "$tests/../models" models # calibrate writes the threshold into the folder of models
    run eval.calibrate fc-eval calibrate --models models --root lfw --fmr 0.25 -f json -o calibrated.json
    run eval.identify fc-eval identify --root lfw --min-images 2 --enroll 1 -f json -o identify.json
    run eval.knn fc-eval knn --root lfw --min-images 2 -k 1 --folds 2 -f json
    run eval.baseline fc-eval pairs --root lfw --pairs pairs.txt --baseline pairs.json
    for tool in roc det scores; do
        run "plot.$tool" fc-plot $tool pairs.json -o $tool.svg
    done
    run plot.cmc fc-plot cmc identify.json -o cmc.svg
    pipe plot.map 'fc-embed ./*.jpg bob.png | fc-plot map -o map.svg'
    pipe draw 'fc-match --no-timings sample3.jpg sample1.jpg | fc-draw -o match.png'
    pipe draw.dir 'fc-detect sample1.jpg sample3.jpg | fc-draw -o drawn/'
    run model.list fc-model list
    run model.info fc-model info mobilefacenet
    run model.verify fc-model verify
    run bench.none fc-bench nothing.jpg
    run facecheck.help facecheck --help
    rm -rf bad people lfw models/*.safetensors ./*.fcg* # sealed by chance; what is in them was exported
}

# What may differ: times, rates, dates, and where the build lies. Of classifiers and archives the bytes count.
strip_clock() {
    find "$1" -type f \( -name '*.out' -o -name '*.err' -o -name '*.json' -o -name '*.html' -o -name '*.xml' \) -print0 |
        xargs -0 sed -E -i \
            -e "s#$2#BIN#g; s#$3#WORK#g; s#$(realpath "$2/../models")#MODELS#g" \
            -e 's/"([a-z]*_?seconds|made|date|latency_ms|ms|cached|comparing|time|started|wall|per_second|pairs_per_second|images_per_second)":("[^"]*"|[0-9.e+-]+|\{[^}]*\})/"\1":0/g' \
            -e 's/"(seconds|made|date|time|decode|detect|align|embed)": ("[^"]*"|[0-9.e+-]+)/"\1": 0/g' \
            -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]+Z/DATE/g; s/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2})?/DATE/g' \
            -e 's/[0-9.]+ (seconds|s|ms)\b/N \1/g; s/[0-9.]+\/s\b/N\/s/g; s/time="[0-9.]+"/time="N"/g'
}

for side in 0 1; do
    mkdir "$work/$side"
    (cd "$work/$side" && PATH=${bin[side]}:$PATH everything)
    strip_clock "$work/$side" "${bin[side]}" "$work/$side"
done
[ -z "${KEEP-}" ] || cp -r "$work" "$KEEP"
diff -ru "$work/0" "$work/1" && echo "the same: $(find "$work/1" -type f | wc -l) files"
