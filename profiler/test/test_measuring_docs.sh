#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The pages on campaign files know the keys that rnnprof knows, and no others. What keys there are is
# asked of rnnprof, which names them when it gets an unknown one. Also: each column of --csv is there.
# shellcheck disable=SC2016 # backquotes are those of the pages
set -u
: "${BUILD:=build}"
failed=0
mkdir -p "$BUILD/scratch"
folder=$(mktemp -d "$BUILD/scratch/docs.XXXXXX")

wrong() {
    echo "FAILED: $*"
    failed=1
}

# The keys of a section, one a line.
known() {
    printf '[campaign]\nlengths = 1\n[%s]\nno_such_key = 1\n' "$1" >"$folder/a.ini"
    "$BUILD/bin/rnnprof" run "$folder/a.ini" --db "$folder/a.db" 2>&1 |
        sed -nE 's/.*(there are:|has the keys) //p' | sed 's/ and /,/' | tr -d ' ' | tr ',' '\n'
}

# The keys in the first column of the tables below a heading of docs/measuring.md, one a line.
documented() {
    awk -v section="[$1]" '/^##/ {inside = index($0, "### " section) == 1}
        inside && /^\| `/ {print}' docs/measuring.md | cut -d'|' -f2 | grep -o '`[^`]*`' | tr -d '`'
}

for section in campaign edge cloud link stop energy counters; do
    known "$section" | sort >"$folder/known"
    documented "$section" | sort >"$folder/documented"
    [ -s "$folder/known" ] || wrong "rnnprof names no keys of [$section]"
    # engines and endpoints have pages of their own, which may hold the rest
    case $section in
    edge) pages=docs/engines.md ;;
    cloud) pages=docs/endpoint.md ;;
    *) pages= ;;
    esac
    while read -r key; do
        [ -n "$pages" ] && grep -qs "\`$key\`\|\`$key = " "$pages" && continue
        wrong "docs/measuring.md, [$section]: no row for the key '$key'"
    done < <(comm -23 "$folder/known" "$folder/documented")
    while read -r key; do
        wrong "docs/measuring.md, [$section]: rnnprof knows no key '$key'"
    done < <(comm -13 "$folder/known" "$folder/documented")
done

printf 'length,time_s\n1,2\n' >"$folder/a.csv"
"$BUILD/bin/rnnprof" import "$folder/a.csv" --db "$folder/b.db" --campaign a >"$folder/out" ||
    wrong "import: $(cat "$folder/out")"
for column in $("$BUILD/bin/rnnprof" show --db "$folder/b.db" --csv | head -n 1 | tr ',' ' '); do
    grep -q "^|.*\`$column\`" docs/measuring.md || wrong "docs/measuring.md: no column '$column'"
done
rm -rf "$folder"
exit $failed
