#!/usr/bin/env bash
# serve.sh BIN PHOTO [SECONDS]    what HTTP costs: the latency that it adds to the work itself, requests a second at -j 2 against
# fc-embed's own pictures a second at -j 2, and the time from the start to the first answer. Wants curl, jq and wrk.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 photo=$2 seconds=${3:-5}
temporary=$(mktemp -d)
trap 'kill -9 "${server-}" 2>/dev/null || true; rm -rf "$temporary"' EXIT
photo=$(realpath "$photo")
bin=$(realpath "$bin")
cd "$temporary"

now() {
    date +%s%N
}

# ---- from the start to the first answer ----
for _ in 1 2 3 4 5; do
    begin=$(now)
    "$bin/fc-serve" --unix sock -j 2 2>log &
    server=$!
    until [ -S sock ] && curl -s --unix-socket sock --data-binary "@$photo" http://x/v1/embed >answer; do
        sleep 0.002
    done
    echo $((($(now) - begin) / 1000000))
    kill -TERM "$server"
    wait "$server"
done | sort -n | sed -n '3s/.*/from the start to the first embedding: & ms (median of 5, curl included)/p'

"$bin/fc-serve" --listen 127.0.0.1:0 -j 2 2>log &
server=$!
until grep -q 'listening on' log; do sleep 0.02; done
url=http://$(sed -n 's/.*listening on //p' log)

# ---- what is added: the client's time for a request, less that of the work ----
for _ in {1..60}; do
    curl -s -o /dev/null -H 'Content-Type: image/jpeg' -w '%{time_starttransfer} %{time_pretransfer}\n' --data-binary "@$photo" "$url/v1/embed"
done | awk '{ print 1000 * ($1 - $2) }' >client
grep '^{' log | jq -r 'select(.path == "/v1/embed") | .work_ms' >work
paste client work | awk '{ print $1 - $2 }' | sort -n | sed -n '30s/.*/HTTP adds & ms (median of 60)/p'

# ---- requests a second ----
cat >post.lua <<END
local f = io.open("$photo", "rb")
wrk.body = f:read("*a")
f:close()
wrk.method = "POST"
wrk.headers["Content-Type"] = "image/jpeg"
END
wrk -t 1 -c 3 -d "${seconds}s" -s post.lua "$url/v1/embed" >wrk.out
served=$(awk '/^Requests\/sec/ { print $2 }' wrk.out)
grep -q 'Non-2xx' wrk.out && grep 'Non-2xx' wrk.out
n=$(awk -v r="$served" -v s="$seconds" 'BEGIN { printf "%d", r * s + 1 }')
for ((i = 0; i < n; i++)); do echo "$photo"; done >list
begin=$(now)
"$bin/fc-embed" -j 2 --files-from list >/dev/null
awk -v n="$n" -v ns=$(($(now) - begin)) -v r="$served" 'BEGIN {
    t = n / (ns / 1e9)
    printf "%.1f requests/s, fc-embed %.1f pictures/s: ratio %.2f\n", r, t, r / t
}'
