load common

need_torch() {
    [ -e "$FC_BUILD/modules/facecheck-torch.so" ] || skip "a build without libtorch"
}

need_dnn() {
    [ -e "$FC_BUILD/modules/facecheck-dnn.so" ] || skip "a build without OpenCV's dnn"
}

# The CPU has it, and the run of the tests is not held below it.
has_bf16() {
    case ${ONEDNN_MAX_CPU_ISA^^} in
    '' | ALL | AVX512_CORE_BF16 | AVX512_CORE_AMX) has_flag "avx512_bf16|amx_bf16" ;;
    *) false ;;
    esac
}

# The program of format $1 with the description that it needs beside it, as small.pt or small.onnx.
small_model() {
    cp "$FC_BUILD/made/$1/good.$2" "small.$2"
    printf '%s\n' 'input: 32' 'alignment: {mode: five-point}' 'normalisation: {mean: 127.5, scale: 0.0078125}' >small.yaml
}

# A picture with a blue square, which the networks of make_onnx take for a face.
blue_square() {
    convert -size 320x256 xc:black -fill '#0000ff' -draw 'rectangle 96,64 127,95' blue.png
}

# least LIMIT: all lines of fc-match on stdin have at least that similarity.
least() {
    jq -e -s "length > 0 and all(.[]; .similarity >= $1)" >/dev/null || fault "a similarity below $1"
}

# vectors FILE: a line of numbers for each face in the records.
vectors() {
    jq -r '.faces[].embedding.f32' "$1" | while read -r vector; do
        base64 -d <<<"$vector" | od -An -v -t f4 -w65536
    done
}

# alike FILE1 FILE2 N: the same N faces, with embeddings whose cosine is at least 0.99999.
alike() {
    paste <(vectors "$1") <(vectors "$2") | awk -v want="$3" '
        {
            dot = 0
            for (i = 1; i <= NF / 2; i++)
                dot += $i * $(i + NF / 2)
            if (dot < 0.99999) {
                print "face " NR ": cosine " dot
                bad = 1
            }
        }
        END { exit bad || NR != want }' >&2
}

@test "libtorch and oneDNN give the same embeddings" {
    need_torch
    fc-align ann.jpg group.jpg bob.png >faces.jsonl
    fc-embed --engine torch --precision fp32 faces.jsonl >torch.jsonl
    fc-embed --engine onednn --precision fp32 faces.jsonl >onednn.jsonl
    alike torch.jsonl onednn.jsonl 5
    [ "$(jq -r '.faces[].embedding.model' torch.jsonl onednn.jsonl | sort -u | wc -l)" -eq 1 ]
    # the detector on libtorch, too
    fc-detect --engine torch group.jpg >torch.jsonl
    fc-detect --engine onednn group.jpg >onednn.jsonl
    jq -n -e --slurpfile a torch.jsonl --slurpfile b onednn.jsonl '
        [$a[0].faces, $b[0].faces | [.[] | .box + (.landmarks | flatten)] | flatten] as [$x, $y]
        | ($x | length) == 42 and ($y | length) == 42 and
          all(range(42); ($x[.] - $y[.] | fabs) < 0.1)'
}

@test "the report says what embedded, and --no-timings leaves it out" {
    need_torch
    [[ $(fc-match ann.jpg ann2.jpg | jq -r .engine) == "onednn "* ]]
    [[ $(fc-match --engine torch --precision fp32 ann.jpg ann2.jpg | jq -r .engine) == "torch "*" fp32" ]]
    [[ $(fc-match -f tsv --engine torch --precision fp32 ann.jpg ann2.jpg | tail -n 1 | cut -f 21) == "torch "*" fp32" ]]
    [[ $(fc-embed --timings --precision fp32 ann.jpg | jq -r .engine) == "onednn "*" fp32" ]]
    fc-match --no-timings ann.jpg ann2.jpg | jq -e 'has("engine") | not'
    fc-embed ann.jpg | jq -e 'has("engine") | not'
    fc-detect --timings ann.jpg | jq -e 'has("engine") | not'
}

@test "a report has the engine as facts, and its repeat line names engine, precision and device" {
    need_dnn
    mkdir -p people/ann people/bob
    cp ann.jpg people/ann/1.jpg
    cp ann2.jpg people/ann/2.jpg
    cp small.jpg people/bob/1.jpg
    eval_all() {
        fc-eval all-pairs -f json "$@" people >report.json
        jq -r .protocol.repeat report.json
    }
    [[ $(eval_all --precision fp32) == *" --engine onednn --precision fp32 --device cpu"* ]]
    jq -e '.protocol.engine | .name == "onednn" and (.version | test("^[0-9.]+$")) and .precision == "fp32"
        and .device == "cpu" and (.isa | test("^(SSE41|AVX2(_VNNI)?|AVX512_CORE.*|NEON(_DOT)?)$"))' report.json
    if has_flag avx2; then
        ONEDNN_MAX_CPU_ISA=AVX2 fc-eval all-pairs -f json people | jq -e '.protocol.engine.isa == "AVX2"'
    fi
    export lowest
    lowest=$(lowest_isa)
    ONEDNN_MAX_CPU_ISA=$lowest fc-eval all-pairs -f json people | jq -e '.protocol.engine.isa == env.lowest'
    # the detector's networks, and what they ran on
    jq -e '.run.detector | map(select(.network | test(", (coarse|bound)$") | not)) | (map(.network) == ["P-Net", "R-Net", "O-Net"])
        and all(.[].engine; .precision == "fp32" and .device == "cpu") and .[0].engine.name == "rowwise"' report.json
    ONEDNN_MAX_CPU_ISA=$lowest fc-eval all-pairs -f json people | jq -e '.run.detector |
        map(.network) == ["P-Net, bound", "P-Net", "R-Net", "O-Net"] and
        map(.engine.name) == ["rowwise", "rowwise", "rowwise", if env.lowest == "SSE41" then "onednn" else "rowwise" end] and
        all(.[].engine; .isa == env.lowest)'
    fc-eval all-pairs -f json --aligned people | jq -e '.run.detector == null'
    fc-bench --rounds 1 --warmup 0 --no-cold-start small.jpg -f json | jq -e '.variants[0] |
        (.detector | map(.network) | contains(["P-Net", "R-Net", "O-Net"])) and .engine.name == "onednn"'
    # a file's own engine, asked for or not
    small_model onnx onnx
    [[ $(eval_all -m small.onnx) == *" --precision fp32 --device cpu"* ]]
    [[ $(jq -r .protocol.repeat report.json) != *--engine* ]]
    jq -e '.protocol.engine | .name == "opencv" and .isa == null' report.json
    [[ $(eval_all -m small.onnx --engine opencv) == *" --engine opencv --precision fp32 --device cpu"* ]]
    fc-embed --engine opencv -m small.onnx group.jpg | cmp - <(fc-embed -m small.onnx group.jpg)
    run -2 --separate-stderr fc-embed --engine opencv ann.jpg
    [[ $stderr == *"'opencv'"*"not weights"* ]]
    fc-eval all-pairs -f json --detector yunet --detector-model "$FC_BUILD/made/onnx/yunet-2022.onnx" people >yunet.json 2>/dev/null || true
    [ ! -s yunet.json ] || jq -e '.run.detector | length == 1 and .[0].network == "YuNet" and .[0].engine.name == "opencv"' yunet.json
    need_torch
    [[ $(eval_all --engine torch --precision fp32 --device cpu) == *" --engine torch --precision fp32 --device cpu"* ]]
    # which reaches R-Net and O-Net, and not P-Net
    jq -e '.run.detector | map(select(.network | test(", (coarse|bound)$") | not).engine.name) == ["rowwise", "torch", "torch"]' report.json
    repeat=$(jq -r .protocol.repeat report.json)
    env $repeat -f json | jq -S 'del(.run, .protocol.repeat)' >again.json
    jq -S 'del(.run, .protocol.repeat)' report.json | cmp - again.json
}

@test "bfloat16 is there where the CPU has it, and close to float32" {
    if ! has_bf16; then
        run -2 --separate-stderr fc-embed --precision bf16 ann.jpg
        [[ $stderr == *"this CPU has no bfloat16"* ]]
        return
    fi
    fc-embed --precision fp32 ann.jpg >fp32.jsonl
    fc-embed --precision bf16 --timings ann.jpg >bf16.jsonl
    [[ $(jq -r .engine bf16.jsonl) == *" bf16" ]]
    [ "$(jq -r '.faces[0].embedding.f32' fp32.jsonl)" != "$(jq -r '.faces[0].embedding.f32' bf16.jsonl)" ]
    fc-match fp32.jsonl bf16.jsonl | least 0.999
    fc-match bf16.jsonl fp32.jsonl | least 0.999
}

@test "bfloat16 of a model that does not say how alike it is cannot be compared with float32" {
    has_bf16 || skip "no bfloat16"
    cp "$FC_TESTS/../models/mobilefacenet.safetensors" mine.safetensors
    printf '%s\n' 'input: 112' 'alignment: {mode: five-point}' 'normalisation: {mean: 127.5, scale: 0.0078125}' >mine.yaml
    fc-embed -m ./mine.safetensors ann.jpg >fp32.jsonl
    run -2 --separate-stderr fc-match -m ./mine.safetensors --threshold 0.5 --precision bf16 fp32.jsonl ann2.jpg
    [[ $stderr == *"$(jq -r '.faces[0].embedding.model' fp32.jsonl)"* ]]
    fc-match -m ./mine.safetensors --threshold 0.5 --precision bf16 ann.jpg ann2.jpg
    echo 'lfw: {fp32: 99, bf16: 99, similarity: 0.9991}' >>mine.yaml
    fc-match -m ./mine.safetensors --threshold 0.5 --precision bf16 fp32.jsonl ann2.jpg
}

@test "devices that are not there" {
    need_torch
    run -2 --separate-stderr fc-embed --engine torch --device cuda:77 ann.jpg
    [ -z "$output" ]
    [[ $stderr == *"cuda:77"*"CUDA"* ]]
    run -2 --separate-stderr fc-embed --engine torch --device tpu ann.jpg
    [[ $stderr == *"'tpu': want cpu, cuda or cuda:N"* ]]
    run -2 --separate-stderr fc-embed --engine onednn --device cuda ann.jpg
    [[ $stderr == *"runs on cpu"* ]]
    fc-embed --engine torch --device cpu ann.jpg | jq -e '.faces | length == 1'
}

@test "a TorchScript program of one's own" {
    need_torch
    small_model torch pt
    fc-embed --timings -m small.pt group.jpg >out
    jq -e '.faces | length == 3 and all(.[]; .embedding.model | startswith("small:"))' out
    [[ $(jq -r .engine out) == "torch "* ]]
    fc-match -m ./small.pt --threshold 0.99 ann.jpg ann2.jpg >/dev/null || [ $? -eq 1 ]
    for jobs in 1 2; do
        fc-embed -j "$jobs" -m small.pt photos >"out$jobs"
    done
    cmp out1 out2
    run -2 --separate-stderr fc-embed --engine onednn -m small.pt ann.jpg
    [[ $stderr == *"small.pt"*"onednn"* ]]
    run -2 --separate-stderr fc-match -m small.pt ann.jpg ann2.jpg
    [[ $stderr == *"--threshold"* ]]
    rm small.yaml
    run -2 --separate-stderr fc-embed -m small.pt ann.jpg
    [[ $stderr == *"small.yaml"* ]]
}

@test "an ONNX network of one's own gives what TorchScript gives" {
    need_dnn
    small_model onnx onnx
    fc-embed --timings -m small.onnx group.jpg >onnx.jsonl
    [[ $(jq -r .engine onnx.jsonl) == "opencv "* ]]
    jq -e '.faces | length == 3' onnx.jsonl
    run -2 --separate-stderr fc-embed --engine torch -m small.onnx ann.jpg
    [[ $stderr == *"small.onnx"*"torch"* ]]
    run -2 --separate-stderr fc-finetune -m ./small.onnx -o m.safetensors photos
    [[ $stderr == *"./small.onnx: a program (TorchScript, ONNX), not weights of a network that is known here" ]] || fault "$stderr"
    need_torch
    small_model torch pt
    fc-embed -m small.pt group.jpg >torch.jsonl
    alike torch.jsonl onnx.jsonl 3
    # another file has another contract
    run -2 --separate-stderr fc-match -m small.pt --threshold 0 onnx.jsonl ann.jpg
    [[ $stderr == *"cannot be compared"* ]]
}

@test "YuNet from an ONNX file" {
    need_dnn
    blue_square
    for year in 2022 2023; do
        cp "$FC_BUILD/made/onnx/yunet-$year.onnx" .
        fc-detect --detector yunet -m "yunet-$year.onnx" blue.png >out
        jq -e '.faces == [{box: [80, 48, 64, 64], score: 1,
            landmarks: [[96, 64], [128, 64], [112, 80], [104, 96], [120, 96]]}]' out
    done
    fc-embed --detector yunet --detector-model yunet-2022.onnx blue.png | jq -e '.faces | length == 1'
    fc-match -q --detector yunet --detector-model yunet-2022.onnx blue.png blue.png | jq -e '.similarity == 1'
    fc-detect --detector yunet -m yunet-2022.onnx --min-face 65 blue.png | jq -e '.faces == []'
    run -2 --separate-stderr fc-detect --detector yunet blue.png
    [[ $stderr == *"the detector yunet wants an ONNX file (--detector-model FILE)"* ]]
    run -2 --separate-stderr fc-detect -m yunet-2022.onnx blue.png
    [[ $stderr == *"yunet-2022.onnx: the detector mtcnn takes no model file"* ]]
    run -2 --separate-stderr fc-detect --detector yunet -m "$FC_BUILD/made/onnx/good.onnx" blue.png
    [[ $stderr == *"not a YuNet"* ]]
    run -2 --separate-stderr fc-detect --detector yunet -m missing.onnx blue.png
    [[ $stderr == *"missing.onnx: No such file or directory"* ]]
}

@test "SCRFD and YOLO-face from ONNX files" {
    need_dnn
    blue_square
    local made=$FC_BUILD/made/onnx
    for net in scrfd:scrfd scrfd:scrfd-five yolo-face:yolo-pose yolo-face:yolo-rows; do
        fc-detect --detector "${net%:*}" -m "$made/${net#*:}.onnx" blue.png >out
        jq -e '.faces == [{box: [80, 48, 64, 64], score: 1,
            landmarks: [[96, 64], [128, 64], [112, 80], [104, 96], [120, 96]]}]' out || fault "$net: $(<out)"
        fc-detect --detector "${net%:*}" -m "$made/${net#*:}.onnx" --min-face 65 blue.png | jq -e '.faces == []'
        fc-embed --detector "${net%:*}" --detector-model "$made/${net#*:}.onnx" blue.png | jq -e '.faces | length == 1'
    done
    # its score is one of theirs, and its landmarks are no face's
    run -1 --separate-stderr fc-enroll -q -g new.fcg --id Blue --detector scrfd --detector-model "$made/scrfd.onnx" blue.png || true
    [[ $stderr$output != *"its score is"* ]]
    run -2 --separate-stderr fc-detect --detector scrfd blue.png
    [[ $stderr == *"the detector scrfd wants an ONNX file (-m FILE"* || $stderr == *"the detector scrfd wants an ONNX file (--detector-model FILE)"* ]]
    run -2 --separate-stderr fc-detect --detector scrfd -m "$made/scrfd-bare.onnx" blue.png
    [[ $stderr == *"scrfd-bare.onnx: not an SCRFD: it gives no landmarks, which faces are aligned by"* ]]
    run -2 --separate-stderr fc-detect --detector yolo-face -m "$made/yunet-2022.onnx" blue.png
    [[ $stderr == *"yunet-2022.onnx: not a YOLO-face: it has 3 outputs, want one"* ]]
}

@test "what is measured with YuNet is reported, repeated and cached as that" {
    need_dnn
    mkdir -p people/ann people/bob
    for i in ann/1 ann/2 bob/3 bob/4; do # no two alike: the cache would know the second of them
        convert -size 320x256 "xc:gray${i#*/}0" -fill '#0000ff' -draw 'rectangle 96,64 127,95' "people/$i.png"
    done
    yunet=(--detector yunet --detector-model "$FC_BUILD/made/onnx/yunet-2022.onnx")
    for from_cache in 0 4; do
        fc-eval all-pairs --cache cache "${yunet[@]}" people >report
        grep -q "4 templates.* $from_cache of them from the cache" report
    done
    repeat=$(sed -n 's/^repeat *//p' report)
    [[ $repeat == *" --detector yunet --detector-model $FC_BUILD/made/onnx/yunet-2022.onnx "* ]]
    env $repeat | diff <(grep -v ^time report) <(grep -v ^time -)
    # mtcnn sees no face there
    run -2 --separate-stderr fc-eval all-pairs --cache cache people
    [[ $stderr == *"there are 0"* ]]
}

# loaded TOOL ARGUMENTS...: what the tool has mapped after its first line of output, while it waits for more records.
loaded() {
    mkfifo in out
    "$@" - <in >out &
    local line tool=$! # bats has jobs of its own
    exec 8>in 9<out
    echo '{"v":1,"src":"ann2.jpg"}' >&8
    read -r -t 120 line <&9
    cat "/proc/$tool/maps"
    exec 8>&- 9<&-
    wait "$tool"
    rm in out
}

@test "no tool loads libtorch or OpenCV that does not need it" {
    for tool in "$FC_BIN"/*; do
        [ -x "$tool" ] || continue
        ldd "$tool" >libraries
        if grep -E 'libtorch|libc10|libopencv|libav(codec|format|util)|libswscale' libraries; then
            fault "$tool is linked with them"
        fi
    done
    for command in fc-detect fc-align fc-embed "fc-match --threshold -1 ann.jpg"; do
        # shellcheck disable=SC2086 # two words
        loaded $command >maps
        grep -q libdnnl maps
        if grep -E 'libtorch|libc10|libopencv|libavcodec|modules/facecheck' maps; then
            fault "$command has loaded them"
        fi
    done
    need_torch
    loaded fc-embed --engine torch >maps
    grep -q libtorch maps
}

@test "ONEDNN_MAX_CPU_ISA holds all kernels to an instruction set" {
    unset ONEDNN_MAX_CPU_ISA DNNL_MAX_CPU_ISA
    local lowest base wanted
    lowest=$(lowest_isa)
    base=base wanted="SSE41, AVX2, "
    if [ "$FC_ARCH" = aarch64 ]; then
        base=neon wanted="NEON, NEON_DOT or ALL"
    fi
    ONEDNN_MAX_CPU_ISA=${lowest,,} ONEDNN_VERBOSE=1 fc-embed --precision fp32 ann.jpg >verbose
    [ "$FC_ARCH" != x86_64 ] || grep -q '^onednn_verbose,info,cpu,isa:Intel SSE4.1$' verbose
    grep -v ^onednn_verbose verbose >lesser.jsonl
    fc-embed --precision fp32 ann.jpg >fp32.jsonl
    alike lesser.jsonl fp32.jsonl 1
    # kernels of our own
    ONEDNN_MAX_CPU_ISA=$lowest fc-bench --rounds 1 --warmup 0 --no-cold-start ann.jpg -f json | jq -e --arg isa $base '.machine.isa == $isa'
    if has_flag avx2; then
        ONEDNN_MAX_CPU_ISA=AVX2 fc-bench --rounds 1 --warmup 0 --no-cold-start ann.jpg -f json | jq -e '.machine.isa == "avx2"'
    fi
    ONEDNN_MAX_CPU_ISA='' fc-embed --precision fp32 ann.jpg | cmp - fp32.jsonl

    # its older name, which oneDNN knows, too
    DNNL_MAX_CPU_ISA=$lowest fc-bench --rounds 1 --warmup 0 --no-cold-start ann.jpg -f json | jq -e --arg isa $base '.machine.isa == $isa'
    ONEDNN_MAX_CPU_ISA=ALL DNNL_MAX_CPU_ISA=$lowest fc-embed --precision fp32 ann.jpg | cmp - fp32.jsonl
    DNNL_MAX_CPU_ISA=AVX3 run -2 --separate-stderr fc-embed ann.jpg
    [[ $stderr == "fc-embed: DNNL_MAX_CPU_ISA: no instruction set 'AVX3'; want $wanted"* ]]
    ONEDNN_MAX_CPU_ISA=AVX3 run -2 --separate-stderr fc-embed ann.jpg
    [[ $stderr == "fc-embed: ONEDNN_MAX_CPU_ISA: no instruction set 'AVX3'; want $wanted"* ]]
    [ -z "$output" ]
    ONEDNN_MAX_CPU_ISA=AVX3 fc-embed --help >help
}
