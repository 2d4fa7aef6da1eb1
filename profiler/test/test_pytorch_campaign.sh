#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A campaign over the PyTorch example: its own time is the sample's, and longer inputs take longer.
set -u
: "${BUILD:=build}"
/usr/bin/python3 -c 'import torch' 2>/dev/null || {
    echo "no PyTorch: scripts/setup --with torch"
    exit 77
}
mkdir -p "$BUILD/scratch"
folder=$(mktemp -d "$BUILD/scratch/pytorch.XXXXXX")
cat >"$folder/torch.ini" <<END
[campaign]
lengths = 5,500
[edge]
engine = command
argv = /usr/bin/python3 engines/examples/pytorch.py --hidden 32
[stop]
ci = 0
max_samples = 10
END
"$BUILD/bin/rnnprof" run "$folder/torch.ini" --db "$folder/torch.db" >"$folder/out" 2>"$folder/err" || {
    cat "$folder/err"
    exit 1
}
cat "$folder/out" "$folder/err"
grep -q '; 0 failed,' "$folder/out" && grep -q 'edge: command .*pytorch.py --hidden 32, PyTorch' "$folder/err" &&
    "$BUILD/bin/rnnprof" export --db "$folder/torch.db" | awk -F, '
        $3 == "edge" {sum[$1] += $2; n++; told += $2 == $8}
        END {print n " samples, " told " told by the device, " sum[500] / sum[5] " times longer"
            exit !(n == 20 && told == 20 && sum[500] > 10 * sum[5])}'
