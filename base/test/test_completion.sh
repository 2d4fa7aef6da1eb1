#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Completes command lines of the built tools as bash would, and compares what is offered.
set -u
: "${BUILD:=build}"
failed=0 n=0
bin=$BUILD/bin
for tool in rnnprof rnnfit rnngen rnneval rnnserve rnnlink; do
    [ -x "$bin/$tool" ] || {
        echo "$bin/$tool is not built"
        exit 77
    }
done
# shellcheck source=scripts/completion.bash
source scripts/completion.bash
mkdir -p "$BUILD/scratch"
scratch=$(mktemp -d "$BUILD/scratch/completion.XXXXXX")
mkdir "$scratch/folder"
: >"$scratch/campaign.ini"
: >"$scratch/campaign two.db"

# offered WORD..: what is offered for the last word of the command line, one a line, sorted.
offered() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    _rnnmap
    printf '%s\n' "${COMPREPLY[@]}" | sort
}

expect() { # WANTED WORD..: exactly the words WANTED, separated by '|', are offered
    local wanted=$1 got
    shift
    n=$((n + 1))
    got=$(offered "$@" | paste -s -d '|')
    [ "$got" = "$wanted" ] && return
    printf '%s: offered %s, not %s\n' "$*" "$got" "$wanted"
    failed=1
}

among() { # WANTED WORD..: WANTED is one of the words offered
    local wanted=$1
    shift
    n=$((n + 1))
    offered "$@" | grep -qxF -- "$wanted" && return
    printf '%s: %s is not offered\n' "$*" "$wanted"
    failed=1
}

# Every command and every option that --help names is offered, and nothing else that begins so.
for tool in rnnprof rnnfit rnngen rnneval rnnserve rnnlink; do
    commands=$("$bin/$tool" --help | sed -nE "s/^(usage:|      ) $tool ([a-z]+) .*/\2/p" | sort)
    [ -z "$commands" ] || expect "$(paste -s -d '|' <<<"$commands")" "$bin/$tool" ''
    while read -r command; do # one empty line where the tool has no commands
        options=$("$bin/$tool" ${command:+"$command"} --help | sed -nE 's/^  .{4}(--[a-z-]+).*/\1/p' | sort)
        [ "$(wc -l <<<"$options")" -gt 6 ] || failed=1
        expect "$(paste -s -d '|' <<<"$options")" "$bin/$tool" ${command:+"$command"} --
    done <<<"$commands"
done

expect 'export' "$bin/rnnprof" ex
expect '--help|--version' "$bin/rnnprof" -
expect "$scratch/campaign.ini" "$bin/rnnprof" run "$scratch/campaign.i"
expect "$scratch/campaign two.db|$scratch/campaign.ini|$scratch/folder" \
    "$bin/rnnprof" run --db "$scratch/"
expect "$scratch/folder" "$bin/rnnfit" --db x --plot "$scratch/f"
expect "$scratch/campaign two.db" "$bin/rnngen" --db = "$scratch/campaign t" # "--db=campaign t"
among "$scratch/folder" "$bin/rnnfit" --db = "$scratch/"
among Makefile "$bin/rnnfit" --db =
expect "$scratch/campaign.ini" "$bin/rnneval" --lengths "$scratch/campaign.i"
expect "$scratch/campaign.ini" "$bin/rnneval" --lengths text : "$scratch/campaign.i" # "text:campaign.i"
expect "$scratch/folder" "$bin/rnnlink" --link rtt = "$scratch/f"                    # "rtt=f"
expect '' "$bin/rnnlink" --rtt ''
expect '' "$bin/rnnprof" fly --
among '--db' "$bin/rnnprof" run --resume --d
expect '' no-such-tool --

# A choice is what the tool says it is.
while read -r tool option words; do
    expect "$words" "$bin/$tool" "$option" ''
done < <(for tool in rnnfit rnngen rnneval rnnserve rnnlink; do
    "$bin/$tool" --help | sed -nE 's/^  .{4}(--[a-z-]+) [A-Za-z].*/\1/p' | while read -r option; do
        words=$("$bin/$tool" "$option" '' --help 2>&1 >/dev/null |
            sed -n "s/.*'' is none of //p" | tr -d ' ' | tr ',' '\n' | sort | paste -s -d '|')
        [ -z "$words" ] || echo "$tool $option $words"
    done
done)

rm -rf "$scratch"
echo "$n completions tried"
exit $failed
