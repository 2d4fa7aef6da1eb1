#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Breaks each rule of scripts/check-rooms once, in a small tree that keeps them all, and expects the
# complaint at its line.
set -u
here=$PWD
mkdir -p "${BUILD:=build}/scratch"
scratch=$(realpath "$(mktemp -d "$BUILD/scratch/check_rooms.XXXXXX")")
gpl='SPDX-License-Identifier: GPL-3.0-or-later'
failed=0 n=0

rows=('base:' 'records:base' 'engines:base' 'endpoint:engines base' 'fitter:records base'
    'profiler:fitter endpoint engines records base' 'runtime:base'
    'codegen:runtime fitter records base' 'testbed:records base'
    'evaluator:codegen runtime fitter endpoint engines records base')

file() { # PATH LINE..: a C file with its licence on line 1
    local path=$1
    shift
    mkdir -p "$(dirname "$path")"
    printf '%s\n' "// $gpl" "$@" >"$path"
}

plant() { # a tree in which every rule is kept, some of them just so
    for row in "${rows[@]}"; do
        mkdir -p "${row%%:*}/test"
        echo "# $gpl" >"${row%%:*}/module.mk"
    done
    mkdir scripts runtime/examples
    printf '%s\n' '#!/bin/sh' "# $gpl" >scripts/glue
    file base/clock.h '#include <stdint.h>'
    file base/clock.c '#include "base/clock.h"' '#include <time.h>' \
        'void f(void) { clock_gettime(CLOCK_MONOTONIC_RAW, &t); }'
    file base/outfile.c 'void f(void) { s = stdout; }'
    file base/test/support.h
    file records/store.c '#include <sqlite3.h>' '#include "records/sql_private.h"' \
        '#include "base/clock.h"' 'const char *sql = "printf(time(exit(stdout";' \
        '// printf(stdout)' '/* exit(1)' 'time(NULL) */ int runtime(void), my_exit(int);' \
        "char quote = '\"'; int elapsed = x.time(1) + p->exit(2);" \
        'void g(FILE *f) { fprintf(f, "stderr"); snprintf(t, 3, "x"); _exit(1); }'
    file records/sql_private.h
    file records/store.h
    file engines/engine.h '#include "base/clock.h"'
    file engines/dnnl.c '#include <dnnl.h>' '#include <dlfcn.h>'
    file endpoint/client.c '#include <curl/curl.h>' '#include <gnutls/gnutls.h>' \
        '#include "engines/engine.h"'
    file fitter/fit.c '#include <gsl/gsl_fit.h>' '#include "records/store.h"'
    file fitter/rnnfit.c 'int main(void)' '{' '    printf("%d", 1);' '    exit(1);' '}'
    file profiler/meter.c '#include <papi.h>' '#include <sensors/sensors.h>'
    file testbed/link.c '#include <event2/event.h>'
    file testbed/test/peers.h 'static void f(void) { perror("x"); exit(1); }'
    file testbed/test/test_link.c '#include "base/test/support.h"' '#include "generated.h"'
    printf '%s\n' '// SPDX-License-Identifier: 0BSD' '#include <stdint.h>' >runtime/link.h
    printf '%s\n' '// SPDX-License-Identifier: 0BSD' '#include <stdio.h>' '#include "base/clock.h"' \
        'int main(void) { puts("x"); return (int)time(0); }' >runtime/examples/demo.c
    file runtime/test/test_link.c '#include "runtime/link.h"' '#include "base/clock.h"'
}

check() { "$here/scripts/check-rooms" "${rows[@]}"; }

expect() { # WHAT PATTERN: the tree as it stands is refused, with a line that begins with PATTERN
    local what=$1 pattern=$2 printed
    n=$((n + 1))
    if printed=$(check); then
        echo "not noticed: $what"
        failed=1
    elif ! grep -qF -- "$pattern" <<<"$printed" || [ "$(wc -l <<<"$printed")" != 2 ]; then
        printf '%s: expected one line with "%s", got\n%s\n' "$what" "$pattern" "$printed"
        failed=1
    fi
}

# broken WHAT PATTERN FILE LINE..: the lines are added at the file's end, and taken away again.
broken() {
    local what=$1 pattern=$2 path=$3 existed=false
    shift 3
    [ -e "$path" ] && existed=true && cp "$path" "$path.kept"
    $existed || file "$path"
    printf '%s\n' "$@" >>"$path"
    expect "$what" "$pattern"
    if $existed; then mv "$path.kept" "$path"; else rm "$path"; fi
}

cd "$scratch" || exit 1
plant
if ! check >clean.log || [ "$(wc -l <clean.log)" != 1 ]; then
    echo "a tree that keeps the rules is refused:"
    cat clean.log
    exit 1
fi
rm clean.log

broken 'a room below' 'engines/engine.h:3: engines may not include records' \
    engines/engine.h '#include "records/store.h"'
broken 'a room below, from a test' 'records/test/test_x.c:2: records may not include fitter' \
    records/test/test_x.c '#include "fitter/fit.h"'
broken 'a room below, from a benchmark' 'base/bench/bench_x.c:2: base may not include records' \
    base/bench/bench_x.c '#  include "records/store.h"'
broken 'a private header' 'fitter/fit.c:4: "records/sql_private.h" is private to records' \
    fitter/fit.c '#include "records/sql_private.h"'
broken 'a way through folders' 'fitter/fit.c:4: "../endpoint/client.h"' \
    fitter/fit.c '#include "../endpoint/client.h"'
broken 'a computed include' 'fitter/fit.c:4: #include of something' fitter/fit.c '#include HEADER'
broken 'the host in a product' 'runtime/link.h:3: runtime may not include base' \
    runtime/link.h '#include "base/clock.h"'
broken 'libc in a product' 'runtime/link.h:3: <string.h>: products' runtime/link.h '#include <string.h>'
for touched in 'sqlite3.h fitter records' 'dnnl.h fitter engines' 'dnnl_types.h base engines' \
    'dlfcn.h profiler engines' 'curl/curl.h profiler endpoint' \
    'gnutls/gnutls.h base endpoint' 'gsl/gsl_fit.h evaluator fitter' 'papi.h engines profiler' 'sensors/sensors.h base profiler' \
    'event2/event.h endpoint testbed' 'ini.h profiler base' 'nettle/sha2.h codegen base'; do
    read -r header room owner <<<"$touched"
    broken "$header in $room" "$room/x.c:2: <$header>: only $owner touches it" \
        "$room/x.c" "#include <$header>"
done
for call in 'clock_gettime(0, &t)' 'gettimeofday(&t, 0)' 'time(NULL)' 'clock()'; do
    broken "$call" 'fitter/x.c:2: only base reads a clock' fitter/x.c "    x = $call;"
done
for call in 'printf("x");' 'puts("x");' 'exit(1);' 'fprintf(stderr, "x");' 'fputs("x", stdout);'; do
    broken "$call" 'fitter/x.c:2: ' fitter/x.c "    $call"
done
broken 'code after a comment' 'fitter/x.c:3: exiting' fitter/x.c '/* one' 'two */ exit(1);'
broken 'code after a string' 'fitter/x.c:2: exiting' fitter/x.c 'f("\"/*"); exit(1);'
broken 'a long file' 'fitter/x.c:601: longer than 600 lines' fitter/x.c "$(yes '//' | head -n 600)"
broken 'a long script' 'scripts/glue:601: longer than 600 lines' scripts/glue \
    "$(yes '#' | head -n 599)"

sed -i 1d fitter/fit.c
expect 'no licence' 'fitter/fit.c:1: no SPDX line'
file fitter/fit.c
sed -i 's/GPL.*/0BSD/' fitter/fit.c
expect 'another licence' 'fitter/fit.c:1: SPDX line is 0BSD'
file fitter/fit.c
sed -i 's/0BSD/GPL-3.0-or-later/' runtime/link.h
expect 'a product under the GPL' 'runtime/link.h:1: no SPDX line 0BSD'
sed -i 's/GPL-3.0-or-later/0BSD/' runtime/link.h

whole=("${rows[@]}")
rows=("${whole[@]/testbed:records base/testbed:fitter records base}")
expect 'a module.mk that widens the contract' 'testbed/module.mk:1: testbed may not use fitter'
rows=("${whole[@]/fitter:records base/fitter:base}")
file fitter/fit.c '#include "records/store.h"'
expect 'an include that module.mk does not name' 'fitter/fit.c:2: fitter/module.mk does not name'
file fitter/fit.c
rows=("${whole[@]}" 'attic:base')
mkdir attic
expect 'a room of no table' 'attic/module.mk:1: room attic is not in the table'

[ $failed = 0 ] && echo "$n rules broken, $n noticed" && rm -rf "$scratch"
exit $failed
