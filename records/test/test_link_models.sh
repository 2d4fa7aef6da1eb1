#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The page of the link models says what the files beside it say; and, where the raw traces are, the
# committed models are what rnnlink makes of them.
set -u
: "${BUILD:=build}"
traces=../shared/traces
failed=0
fail() {
    echo "FAILED: $*"
    failed=1
}

scripts/link-models --check || fail "the page is stale"

# A copy in which one thing is changed is found out.
mkdir -p "$BUILD/scratch"
scratch=$(mktemp -d "$BUILD/scratch/link-models.XXXXXX")
mkdir -p "$scratch/tree/datasets" "$scratch/tree/scripts"
cp scripts/link-models "$scratch/tree/scripts"
spoilt() { # WHAT COMMAND...
    rm -rf "$scratch/tree/datasets/links"
    cp -r datasets/links "$scratch/tree/datasets/links"
    (cd "$scratch/tree" && eval "$2" && scripts/link-models --check >/dev/null 2>&1) &&
        fail "$1 goes unseen"
}
model=datasets/links/lte_driving_ucc.link
spoilt "a missing model" "rm $model"
spoilt "a model that nothing lists" "cp $model datasets/links/other.link"
spoilt "a model of another size" "echo '# more' >>$model"
spoilt "another figure" "sed -i '2s/,[0-9.]*,/,7,/' datasets/links/goodness.csv"
spoilt "another licence" "sed -i 's/AGPL-3.0/MIT/' datasets/links/sources.tsv"

scripts/link-models 2>/dev/null
[ $? = 2 ] || fail "no argument is no misuse"

if [ -d "$traces" ] && [ -x "$BUILD/bin/rnnlink" ]; then
    scripts/link-models "$traces" "$scratch/again" || fail "the models cannot be made again"
    for file in datasets/links/*.link datasets/links/goodness.csv; do
        cmp "$file" "$scratch/again/${file##*/}" || fail "$file is not what rnnlink makes now"
    done
else
    echo "[  SKIPPED ] models made again: $traces is not here"
fi
exit $failed
