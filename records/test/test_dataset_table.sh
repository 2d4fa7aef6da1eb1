#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/dataset-table: the page is what the files say, and a figure that is not is found. (That the
# figures are right is test_datasets.c's matter, which computes them by other means.)
# shellcheck disable=SC2016 # the backticks are Markdown's
set -euo pipefail
here=$PWD
scratch=${BUILD:-build}/scratch/dataset-table
rm -rf "$scratch"
mkdir -p "$scratch/datasets"

scripts/dataset-table --check

# Whether the check fails, with its words in the file "wrong".
disagrees() { if "$here/scripts/dataset-table" --check 2>wrong; then return 1; fi; }

# On a folder of its own: written, found right, spoilt, found wrong.
cd "$scratch"
printf 'length,count\n10,7\n20,21\n30,27\n1000,45\n' >datasets/one.csv
printf 'n_in,n_out,count\n1,2,3\n2,3,3\n2,5,3\n3,6,3\n' >datasets/two.csv
printf 'before\n<!-- scripts/dataset-table -->\nold\n<!-- end -->\nafter\n' >datasets/README.md
disagrees
"$here/scripts/dataset-table" --write
"$here/scripts/dataset-table" --check
grep -qxF '| `one.csv` | 100 | 10 | 30 | 463.00 | 1000 | 1000 |' datasets/README.md
grep -qxF '| `two.csv` | in | 12 | 1 | 2 | 2.00 | 3 | 3 | 0.894 | 2.000 n_in + 0.00 |' datasets/README.md
grep -qxF '| `two.csv` | out | 12 | 2 | 3 | 4.00 | 6 | 6 | | |' datasets/README.md
[ "$(head -n 1 datasets/README.md; tail -n 1 datasets/README.md)" = $'before\nafter' ]
[ "$(grep -cx old datasets/README.md)" = 0 ]
sed -i 's/463.00/463.01/' datasets/README.md
disagrees
grep -q 463.01 wrong
"$here/scripts/dataset-table" --write
printf 'length,count\n5,1\n' >datasets/new.csv
disagrees
grep -q new.csv wrong
