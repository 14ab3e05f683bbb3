load common

bench() {
    fc-bench --rounds 2 --warmup 1 --no-cold-start "$@"
}

@test "every stage is measured, with the first runs left out" {
    fc-bench --rounds 3 --warmup 2 -j2 photos -o report.json >table
    jq -e '.kind == "bench" and (.pictures | map(.faces)) == [1, 3, 0] and .rounds == 3 and .warmup == 2 and .threads == 2
        and .machine.cpus >= 1 and (.machine.cpu | length) > 0 and .peak_rss_mib > 5' report.json
    # 9 runs, 2 of which do not count: ann and group once
    jq -e '.variants[0] | .latency as $l | ($l.total.n == 7) and ($l.decode.n == 7) and ($l["P-Net"].n == 7) and ($l.embed.n == 8)
        and ($l.total | .p50 <= .p95 and .p95 <= .p99 and .p50 > 0 and (.ms | length) == 7)
        and ($l.match.per == "face") and ($l.total.per == "picture") and .images_per_second > 0
        and .cold_start_ms > 1 and .cold_start_rss_mib > 5' report.json
    for stage in decode P-Net R-Net O-Net align embed match total; do
        grep -q "^$stage " table
    done
    grep -q 'cold start to the first result' table
}

@test "the sample photos are the default" {
    bench -f json >report
    jq -e '(.pictures | length) == 6 and ([.pictures[].faces] | add) >= 9' report
}

@test "variants take turns, and those that are not there are named" {
    run --separate-stderr bench --compare onednn,opencv small.jpg -f json
    [ "$status" -eq 3 ]
    [[ $stderr == *"left out: opencv: "* ]]
    jq -e '(.variants | length) == 1 and .comparisons == []' <<<"$output"
    run --separate-stderr fc-bench --compare onednn --precision fp32,bf16 --rounds 8 --warmup 1 --no-cold-start small.jpg -f json
    if [ "$status" -eq 3 ]; then
        [[ $stderr == *"left out: onednn bf16: "* ]]
    else
        [ "$status" -eq 0 ]
        jq -e '.comparisons[0] | .of == "onednn bf16" and .to == "onednn fp32" and .n == 7 and .ratio > 0
            and .interval[0] <= .ratio and .ratio <= .interval[1]' <<<"$output"
    fi
    for wrong in '--compare nothing' '--compare onednn,' '--compare onednn,onednn' '--precision fp8' '--max-slowdown 10' \
        '--max-slowdown -1%' '--rounds 1 --warmup 5'; do
        # shellcheck disable=SC2086
        run --separate-stderr fc-bench --no-cold-start $wrong small.jpg
        [ "$status" -eq 2 ] || fault "$wrong"
        [ -z "$output" ]
    done
}

@test "a baseline: exit 1 only when the whole interval is above the limit" {
    for i in 1 2 3 4 5 6; do
        cp small.jpg "$i.jpg"
        echo "$i" >>"$i.jpg" # its content differs, its picture does not
    done
    bench [1-6].jpg -o before.json >/dev/null
    # as if it had been a hundred times as fast, or as slow
    jq -c '.variants[].picture_ms |= map(. / 100)' before.json >fast.json
    jq -c '.variants[].picture_ms |= map(. * 100)' before.json >slow.json
    run -1 --separate-stderr fc-bench --rounds 2 --warmup 1 --no-cold-start [1-6].jpg --baseline fast.json -f json
    [[ $stderr == *"slower than the baseline by more than 10%"* ]]
    jq -e '.baseline[0] | .slower and .n == 6 and .interval[0] > 1.1' <<<"$output"
    bench [1-6].jpg --baseline slow.json >/dev/null
    # ten times as slow as the baseline, where a hundred times are allowed
    jq -c '.variants[].picture_ms |= map(. / 10)' before.json >faster.json
    bench [1-6].jpg --baseline faster.json --max-slowdown 10000% >/dev/null
    # five pictures have no interval
    bench [1-5].jpg -o five.json >/dev/null
    jq -c '.variants[].picture_ms |= map(. / 100)' five.json >fast5.json
    bench [1-5].jpg --baseline fast5.json | grep -q 'too few pictures for an interval'
}

@test "a baseline of another machine, of other pictures, or without the variant is refused before the work" {
    bench small.jpg -o before.json >/dev/null
    cpu=$(jq -r .machine.cpu before.json)
    jq -c '.machine.cpu = "another"' before.json >machine.json
    jq -c '.variants[].name = "another"' before.json >variant.json
    jq -c '.v = 2' before.json >newer.json
    jq -c '.kind = "pairs"' before.json >kind.json
    echo '{}' >nothing.json
    echo '{"v": 1,' >torn.json
    while read -r bad why; do
        run --separate-stderr bench small.jpg --baseline "$bad.json"
        [ "$status" -eq 2 ] || fault "$bad"
        [ -z "$output" ]
        [[ $stderr == *"$why"* && $stderr != *$'\n'* ]] || fault "$bad: $stderr"
    done <<EOF
machine --baseline: measured on another machine: 'another', this is '$cpu'
variant --baseline: has no times of 'onednn
newer newer.json: a report of version 2
kind kind.json: not a report of fc-bench
nothing nothing.json: not a report of fc-bench
torn torn.json:
EOF
    run --separate-stderr bench ann.jpg --baseline before.json
    [ "$status" -eq 2 ]
    [[ $stderr == *"--baseline: measured on other pictures; 'ann.jpg' is not its number 1" ]]
}

@test "a picture that cannot be read ends the run: it would make the times mean something else" {
    echo text >text.jpg
    run --separate-stderr bench small.jpg text.jpg
    [ "$status" -eq 2 ]
    [[ $stderr == *text.jpg* ]]
    [ -z "$output" ]
    run bash -c 'fc-bench --rounds 1 --warmup 0 --no-cold-start small.jpg >/dev/full'
    [ "$status" -eq 2 ]
}

@test "--layers: each step of each network, with its shape, its kernel, its time and its share of the peak" {
    convert -size 100x80 xc:gray nobody.png # the first picture with a face is measured
    fc-bench --layers --rounds 3 --warmup 1 nobody.png group.jpg -o layers.json >table
    jq -e '.kind == "layers" and .rounds == 3 and .picture.faces == 3 and .engine.name == "onednn"
        and (.detector | length) >= 3 and (.peak | length) >= 1 and all(.peak[]; .gflops > 0.5)' layers.json
    # P-Net on each level of the pyramid, each smaller than the one before; then crops; then the model
    jq -e '[.networks[] | select(.network | startswith("P-Net"))] | length > 3 and map(.level) == [range(length)]
        and (map(.size[0]) | . == (sort | reverse)) and .[0].size[0] > .[1].size[0]' layers.json
    jq -e '[.networks[] | select(.level == null) | .network | select(contains("coarse") | not)] == ["R-Net", "O-Net", "mobilefacenet"]' layers.json
    # the steps add up to the network, and the networks are not nothing
    jq -e 'all(.networks[]; .ms > 0 and ([.steps[].ms] | add) as $sum | $sum > 0 and $sum <= .ms * 1.001 and $sum >= .ms * 0.7)' layers.json
    # operations and shares are those of the shapes
    jq -e '[.networks[].steps[] | select(.step == "conv" or .step == "linear")] | length > 20 and
        all(.[]; .flops == 2 * .window[0] * .window[1] * .in[0] * .out[0] * .out[1] * .out[2])' layers.json
    jq -e '(.peak | map({(.numbers): .gflops}) | add) as $peak | [.networks[] | (.inputs as $n | .steps[] | select(.gflops) | . + {n: $n})]
        | length > 20 and all(.[]; (.gflops - .flops * .n / .ms / 1e6 | fabs) <= .gflops * 1e-9
            and (.share - .gflops / $peak[.numbers] | fabs) <= .share * 1e-9)' layers.json
    # no step can be faster than its operations, nor than what it reads and writes; the sums are the networks' and the stages'
    jq -e '(.bandwidth | map(.bytes) | . == sort and length == 4) and all(.bandwidth[]; .gbs > 0.1)' layers.json
    jq -e '(.peak | map({(.numbers): .gflops}) | add) as $peak | [.bandwidth[].gbs] as $gbs | def near($x): (. - $x | fabs) <= $x * 1e-9;
        all(.networks[]; .gbs as $read | .inputs as $n | ($gbs | index($read)) and ((.ms / .floor) as $times | .times | near($times)) and (.floor as $all | [.steps[].floor // 0] | add | near($all))
            and all(.steps[] | select(.floor); (.floor as $floor | [.bytes / $read, (if .flops > 0 then .flops * $n / $peak[.numbers] else 0 end)] | max / 1e6 | near($floor))
                and ((.ms / .floor) as $times | .times | near($times))))' layers.json
    jq -e '.stages as $s | [.networks[].floor] as $floors | ($s | map(.stage)) == ["detect", "embed"] and $s[1].floor == $floors[-1]
        and ($s[0].floor / ($floors[:-1] | add) - 1 | fabs) < 1e-9 and $s[1].ms == .networks[-1].ms and $s[0].ms >= ([.networks[:-1][].ms] | add) * 0.99
        and ($s[0].gflop / ($s[0].ms * .peak[0].gflops / 1000) - 1 | fabs) < 1e-9' layers.json
    # of a row-wise convolution the weights are read, once, and nothing else
    jq -e 'all(.networks[] | select(.network == "R-Net") | .steps[] | select(.kernel | startswith("rowwise")) | select(.flops > 0);
        .bytes == 4 * .window[0] * .window[1] * .in[0] * .out[0])' layers.json
    grep -qE '^detect +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+$' table
    grep -qE '^read: 256 KiB at [0-9.]+ GB/s, ' table
    # what follows a step has its shape
    jq -e '.networks[-1].steps | .[0].in == [3, 112, 112] and .[-1].out == [192, 1, 1] and any(.[]; .step == "depthwise")' layers.json
    grep -q '^mobilefacenet, 112x112: [0-9.]* ms$' table
    grep -qE '^  conv +[a-z]' table
    grep -q '^peak of fp32 on ' table
}

@test "--layers says which instruction set each kernel has" {
    # those that oneDNN calls "gemm:jit" and the like name none
    export lowest
    lowest=$(lowest_isa)
    ONEDNN_MAX_CPU_ISA=$lowest fc-bench --layers --rounds 1 --warmup 0 small.jpg -f json >lowest.json
    jq -e '.peak == [{numbers: "fp32", isa: env.lowest, gflops: .peak[0].gflops}] and ([.networks[].steps[].kernel] | all(.[]; test("avx") | not)
        and any(.[]; endswith(":" + (env.lowest | ascii_downcase))))' lowest.json
    if has_flag avx2; then
        ONEDNN_MAX_CPU_ISA=AVX2 fc-bench --layers --rounds 1 --warmup 0 small.jpg -f json |
            jq -e '.peak[0].isa == "AVX2" and ([.networks[].steps[].kernel] | any(.[]; . == "rowwise f43:avx2") and any(.[]; . == "nhwc:avx2"))'
    fi
    # what does not tell its steps has no floor, nor has detection with it
    if fc-embed --engine torch small.jpg >torch.jsonl 2>torch.log; then
        fc-bench --layers --rounds 1 --warmup 0 --compare torch ann.jpg -f json |
            jq -e '([.networks[] | select(.network == "R-Net" or .network == "mobilefacenet") | has("floor")] == [false, false])
                and all(.stages[]; (has("floor") | not) and .ms > 0 and .gflop > 0)'
    fi
    run --separate-stderr fc-bench --layers --baseline lowest.json small.jpg
    [ "$status" -eq 2 ]
    [[ $stderr == *"--layers has no --baseline"* ]]
    run --separate-stderr fc-bench --layers --max-slowdown 5% --baseline none.json small.jpg
    [ "$status" -eq 2 ]
}
