#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A plug-in engine that counts what it does, read through PAPI with every sample.
set -u
mkdir -p "${BUILD:=build}/scratch"
folder=$(mktemp -d "$BUILD/scratch/counted_plugin.XXXXXX")
fail() {
    echo "FAILED: $*" >&2
    exit 1
}

"${CC:-cc}" -fPIC -shared -Iengines -o "$folder/engine.so" profiler/test/counting_engine.c -lsde ||
    fail "the engine does not compile"
cat >"$folder/c.ini" <<END
[campaign]
name = c
lengths = 3,17,40
[edge]
engine = plugin
library = $folder/engine.so
[stop]
ci = 0
max_samples = 25
design = grid
[counters]
papi = sde:::counting_engine::STEPS, sde:::counting_engine::RUNS
END
"$BUILD/bin/rnnprof" run "$folder/c.ini" --db "$folder/c.db" >/dev/null 2>"$folder/err" ||
    fail "$(cat "$folder/err")"
grep -q "sde:::counting_engine::STEPS (whole process)" "$folder/err" || fail "$(cat "$folder/err")"
grep -q "left out of\|no library" "$folder/err" && fail "$(cat "$folder/err")"
"$BUILD/bin/rnnprof" show --db "$folder/c.db" --csv >"$folder/out.csv" || fail "show"
awk -F, 'NR == 1 {for (i = 1; i <= NF; i++) column[$i] = i; next}
    {steps = $(column["sde:::counting_engine::STEPS_per_inference"])
     runs = $(column["sde:::counting_engine::RUNS_per_inference"])
     if ($(column["n_samples"]) != 25 || steps != $(column["length"]) || runs != 1) exit 1
     n++}
    END {exit n != 3}' "$folder/out.csv" || fail "$(cat "$folder/out.csv")"
echo "the counts are the engine's"
