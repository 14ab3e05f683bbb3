#!/usr/bin/env bash
# config.sh BIN [RUNS]: what reading a configuration costs at the start of a tool: fc-detect --print-config with none, with a file
# of eight keys, and with one of 120 kB; CPU time, median and least of so many runs (300) each, one of each kind after the other.
set -euo pipefail
export FACECHECK_CONFIG=
bin=$1 runs=${2:-300}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '%s\n' 'min-face: 40' 'models: /m' 'thresholds: [0.6, 0.7, 0.75]' 'recursive: true' 'faces: best' 'fc-detect:' '  min-face: 50' \
    '  quiet: true' >"$work/small"
{ cat "$work/small"; echo 'exclude:'; seq -f '- "*.%05.0f"' 9000; } >"$work/large"
/usr/bin/python3 - "$bin/fc-detect" "$runs" "$work" <<'END'
import os, sys
tool, runs, work = sys.argv[1], int(sys.argv[2]), sys.argv[3]
kinds = {"none": "", "small": work + "/small", "large": work + "/large"}
times = {kind: [] for kind in kinds}
to_null = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
for _ in range(runs):
    for kind, path in kinds.items():
        pid = os.posix_spawn(tool, [tool, "--print-config"], {**os.environ, "FACECHECK_CONFIG": path}, file_actions=to_null)
        _, status, used = os.wait4(pid, 0)
        assert status == 0
        times[kind].append(1e3 * (used.ru_utime + used.ru_stime))
for kind, ms in times.items():
    ms.sort()
    print(f"{kind}: {ms[len(ms) // 2]:.2f} ms, at least {ms[0]:.2f} ms")
END
