#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The bundle on a machine with nothing but glibc and a shell: the doctor, a server, a campaign, a fit, a
# header and an evaluation, from a folder with blanks in its name. Without gnuplot the tools say so.
set -euo pipefail
export LC_ALL=C
: "${BUILD:=build}"
if ldd "$BUILD/bin/rnnprof" | grep -q 'libasan\|libubsan'; then
    echo "sanitized tools are not bundled"
    exit 77
fi
# A root of its own with the /proc and /dev that every system has.
enter() { # ROOT COMMAND..
    local as=()
    [ "$(id -u)" = 0 ] || as=(--user --map-root-user)
    # shellcheck disable=SC2016 # for the inner shell
    timeout 120 unshare "${as[@]}" --mount sh -c 'mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" && exec env -i "$(command -v chroot)" "$@"' enter "$@"
}
if ! enter / true 2>/dev/null; then
    echo "no chroot with /proc here: neither root nor user namespaces"
    exit 77
fi
fail() {
    echo "$*"
    exit 1
}
mkdir -p "$BUILD/scratch"
work=$(realpath "$(mktemp -d "$BUILD/scratch/bundle.XXXXXX")")
env -u MAKEFLAGS -u MAKELEVEL make -s --no-print-directory SETUP=no BUILD="$BUILD" bundle-folder >"$work/make.log" 2>&1 ||
    fail "make bundle-folder: $(tail -n 5 "$work/make.log")"
folder=$(sed -n 's/^bundle: .*: //p' "$work/make.log")
root=$work/root
mkdir -p "$root/bin" "$root/opt/a b" "$root/home/c d" "$root/tmp" "$root/proc" "$root/dev"
cp -R "$folder" "$root/opt/a b/the map"
bundle="$root/opt/a b/the map"

# Every library but glibc's is in it, with its licence.
glibc='/(ld-linux[^/]*|lib(c|m|mvec|dl|rt|pthread|resolv))\.so[^/]*$'
if ldd "$bundle"/bin/* | sed -n 's/.* => \(.*\) (0x.*/\1/p' | grep -vF "$bundle/bin/../lib/" | sort -u | grep -vE "$glibc"; then
    fail "these come from this machine"
fi
while read -r name package _; do
    [ -s "$bundle/share/rnnmap/licences/$package" ] || fail "no licence of $name ($package)"
done < <(tail -n +2 "$bundle/share/rnnmap/licences/LIBRARIES")
[ "$(find "$bundle/lib" -type f | wc -l)" = "$(tail -n +2 "$bundle/share/rnnmap/licences/LIBRARIES" | wc -l)" ] ||
    fail "not every library is listed"
grep -q SSL_CERT_FILE "$bundle/README" || fail "the README does not tell of certificates"

# glibc and a shell.
{ ldd "$bundle"/bin/* /bin/dash; } | grep -oE '/[^ ]*\.so[^ ]*' | grep -E "$glibc" | sort -u |
    while read -r file; do # (a name with blanks, cut at them, is of the bundle)
        [ -e "$file" ] || continue
        mkdir -p "$root$(dirname "$file")"
        cp -L "$file" "$root$file"
    done
cp -L /bin/dash "$root/bin/sh"

cat >"$root/home/c d/campaign.ini" <<'END'
[campaign]
name = bundle
lengths = 4,16,64
[edge]
engine = dnnl
hidden = 48
input = 8
vocabulary = 50
[cloud]
url = URL
model = net
[stop]
ci = 0
max_samples = 10
END
mkfifo "$root/home/c d/serve"
cat >"$root/home/c d/steps" <<'END'
set -eu
cd "/home/c d"
PATH="/opt/a b/the map/bin"
share="/opt/a b/the map/share/rnnmap"
rnnprof doctor >doctor.txt
rnnserve --listen 127.0.0.1:0 --model net=dnnl:hidden=48,input=8,vocabulary=50 >serve 2>serve.txt &
exec 3<serve
read -r _ _ url <&3
while read -r line; do
    [ "$line" != "url = URL" ] || line="url = $url"
    printf '%s\n' "$line"
done <campaign.ini >c.ini
rnnprof run c.ini --db c.db -q
rnnfit --db c.db --hold-out 40% --report fit.html -q >fit.txt
rnngen --db c.db --name net --link rtt -o net.h 2>gen.txt
rnneval --db c.db --lengths "$share/datasets/trec.csv" --link "$share/datasets/links/starlink_car.link" \
    --requests 1000 --report eval.html -q >eval.txt
rnneval --db c.db --lengths "$share/datasets/trec.csv" --live --requests 20 -q >live.txt
rnnlink --version >version.txt
if rnnfit --db c.db --plot plots -q >plot.out 2>plot.txt; then echo "a plot without gnuplot?"; exit 1; fi
kill $!
wait $!
echo "all steps"
END
enter "$root" /bin/sh "/home/c d/steps" >"$work/log" 2>&1 || true
grep -qx 'all steps' "$work/log" || fail "within: $(cat "$work/log" "$root/home/c d/"*.txt | tail -n 20)"
cd "$root/home/c d"
grep -q 'plots need gnuplot' plot.txt || fail "without gnuplot it says: $(cat plot.txt)"
grep -q 'net_choose_rtt' net.h || fail "no header"
grep -q '^rnnmap ' eval.txt || fail "no verdict: $(cat eval.txt)"
grep -qi 'dnnl' doctor.txt || fail "the doctor does not see the engine: $(cat doctor.txt)"
grep -q 'What to ship' eval.html || fail "no page"
du -sh "$bundle" | sed 's/[[:space:]].*/ unpacked/'
rm -rf --one-file-system "$root"
