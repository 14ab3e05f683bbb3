load common

@test "faces of one person are one cluster, and others are alone" {
    run -0 --separate-stderr fc-cluster ann.jpg bob.png ann2.jpg group.jpg ice.jpg
    [[ $stderr == *"6 faces: 2 in 1 cluster (the largest of 2), 4 alone; linked from 0.45 up, as of two faces"* ]]
    printf '%s\n' "$output" >all
    [ "$(wc -l <all)" -eq 7 ]
    jq -e -s '[.[] | select(.id == "cluster 1") | .src] == ["ann.jpg", "ann2.jpg"]' all
    jq -e -s '[.[].faces[0].cluster] == [1, null, 1, null, null, null, null]' all
    jq -e -s 'all(.[]; (.faces | length) == (if .src == "ice.jpg" then 0 else 1 end))' all
    # the embeddings are in it, so that it can be gone on with
    jq -c '.faces[].embedding' all >got
    fc-embed ann.jpg bob.png ann2.jpg group.jpg ice.jpg | jq -c '.faces[].embedding' | cmp - got
}

@test "pictures, records and any -j give the same bytes" {
    fc-cluster -q ann.jpg ann2.jpg group.jpg group2.jpg >want
    fc-embed ann.jpg ann2.jpg group.jpg group2.jpg >faces
    fc-cluster -q -j1 faces | cmp - want
    fc-cluster -q -j4 <faces | cmp - want
    fc-cluster -q --state s faces | cmp - want
    run -0 --separate-stderr fc-cluster --state s faces
    [[ $stderr == *"s: all are compared with the first 8 faces already"* ]]
    printf '%s\n' "$output" | cmp - want
}

@test "whispers and components, a threshold, the least size, names" {
    fc-embed group.jpg group2.jpg ann.jpg ann2.jpg >faces
    # the people of the two groups
    fc-cluster -q -f tsv faces | awk -F '\t' 'NR > 1 && $1 != "" { n++ } END { exit n < 4 }'
    fc-cluster -q -f tsv --threshold 0.999999 --by components faces | awk -F '\t' 'NR > 1 && $1 != "" { exit 1 }'
    fc-cluster -q -f tsv --threshold -1 --by components faces | awk -F '\t' 'NR > 1 && $1 != 1 { exit 1 }'
    [ "$(fc-cluster -q -f tsv --grouped --min-size 9 faces)" = "$(printf 'cluster\tsrc\tface\tx\ty\tw\th\tframe\tpts')" ]
    fc-cluster -q --min-size 1 --name person faces | jq -e -s '[.[].id] | all(test("^person [0-9]+$"))'
    [ "$(fc-cluster -q --grouped faces | wc -l)" -lt "$(fc-cluster -q faces | wc -l)" ]
}

@test "the threshold is that of so many faces" {
    fc-embed group.jpg group2.jpg ann.jpg ann2.jpg bob.png >faces
    for i in {1..40}; do cat faces; done >many
    run -0 --separate-stderr fc-cluster -f tsv many
    [[ $stderr =~ "360 faces: 360 in "[0-9]+" clusters (the largest of "[0-9]+"), 0 alone; linked from "(0\.[0-9]+)" up, for so many faces" ]]
    awk -v t="${BASH_REMATCH[1]}" 'BEGIN { exit !(t > 0.5 && t < 0.8) }'
    run -0 --separate-stderr fc-cluster -f tsv --fpir 0.2 many
    [[ $stderr =~ linked\ from\ (0\.[0-9]+)\ up ]]
    run -0 --separate-stderr fc-cluster -f tsv --fpir 0.0000001 many
    [[ $stderr == *"the strictest that the model's curve has"* ]]
    fc-cluster -q --threshold 0.45 many | cmp -s - <(fc-cluster -q --threshold 0.45 --fpir 0.2 many)
}

@test "a gallery comes of it" {
    fc-cluster -q --grouped ann.jpg bob.png ann2.jpg | fc-enroll -q -g g >/dev/null
    fc-gallery list -g g | grep -q "^cluster 1"
    fc-match -q -g g ann.jpg | jq -e '.id == "cluster 1"'
}

@test "fc-enroll --from-clusters makes people of clusters, and passes over all else" {
    echo nothing >broken.jpg
    fc-cluster -q ann.jpg bob.png broken.jpg ice.jpg ann2.jpg >lines || [ $? -eq 3 ]
    [ "$(wc -l <lines)" -eq 5 ]
    run -0 --separate-stderr fc-enroll -g g --no-check --from-clusters lines
    [ "$(jq -r '[.src, .id, .result] | join(" ")' <<<"$output")" = $'ann.jpg cluster 1 enrolled\nann2.jpg cluster 1 enrolled' ] || fault "$output"
    [[ $stderr == *"2 enrolled, 0 known already, 0 failed"* ]]
    [ "$(fc-gallery list -g g | tail -n +2 | cut -f 1,2)" = $'cluster 1\t2' ]
    run -0 --separate-stderr fc-enroll -g g --no-check --from-clusters <lines # again
    [[ $stderr == *"0 enrolled, 2 known already, 0 failed"* ]]
    # a person who was split: two clusters are two people
    fc-cluster -q --threshold 0.9999 --min-size 1 ann.jpg ann2.jpg | fc-enroll -q -g split --from-clusters >/dev/null
    [ "$(fc-gallery list -g split | tail -n +2 | cut -f 1,2)" = $'cluster 1\t1\ncluster 2\t1' ]
    # what is not fc-cluster's
    fc-embed ann.jpg | jq -c '.id = "Ann"' >named
    run -3 --separate-stderr fc-enroll -g other --from-clusters named
    [[ $stderr == *"named:1: does not say in which cluster its face is"* ]]
    run -2 fc-enroll -g other --from-clusters ann.jpg
    run -2 --separate-stderr fc-enroll -g other --from-clusters --id Ann lines
    [[ $stderr == *"--from-clusters: names people; --id and --from-dirs do not go with it"* ]]
    [ ! -e other ]
}

@test "bad inputs are error records, and the run goes on" {
    echo nothing >broken.jpg
    run -3 --separate-stderr fc-cluster ann.jpg broken.jpg ann2.jpg
    printf '%s\n' "$output" | jq -e -s 'length == 3 and .[1].error.stage == "decode" and .[2].faces[0].cluster == 1'
    run -3 --separate-stderr fc-cluster -f tsv broken.jpg ann.jpg
    [ "$(wc -l <<<"$output")" -eq 2 ]
    run -2 --separate-stderr fc-cluster --threshold 2 ann.jpg
    run -2 --separate-stderr fc-cluster --state bob.png ann.jpg
    [[ $stderr == *"bob.png: is there, and no file of links; another name is wanted"* ]]
    run -2 --separate-stderr fc-cluster --state ann.jpg ann.jpg
    fc-embed ann.jpg >one
    jq -c '.faces[0].embedding.model = "another"' one >other
    run -2 --separate-stderr fc-cluster other
    echo '{"v":1,"src":"a","faces":[{"cluster":0}]}' >odd
    run -2 --separate-stderr fc-cluster odd
    [[ $stderr == *"faces[0].cluster: want a number from 1 up, or null"* ]]
    run -2 --separate-stderr env TMPDIR=/nowhere "$FC_BIN/fc-cluster" ann.jpg
    [[ $stderr == *"/nowhere: No such file or directory"* ]]
    run -2 --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 1; fc-cluster one'
    [[ $stderr == *"temporary file (TMPDIR): File too large" ]] || fault "$stderr"
    run -0 --separate-stderr fc-cluster ice.jpg
    [[ $stderr == *"0 faces"* ]]
}
