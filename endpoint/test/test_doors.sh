#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Who gets into rnnserve, and how: the bearer token, TLS, and what is said of files that are no good.
set -u
BUILD=${BUILD:-build}
work=$BUILD/scratch/doors.$$
mkdir -p "$work"
for tool in curl openssl; do
    command -v "$tool" >/dev/null || {
        echo "skipped: $tool is not installed"
        exit 77
    }
done
model='m=dnnl:hidden=8,input=4,vocabulary=10'
body='{"inputs":[{"name":"input","datatype":"INT64","shape":[1,3],"data":[1,2,3]}]}'
json='Content-Type: application/json'
token='s3cret-Token_1'
server=

fail() {
    echo "$*"
    exit 1
}
# shellcheck disable=SC2317 # called by trap
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    wait
}
trap finish EXIT

# start OPTIONS: rnnserve with the model; sets url and server.
start() {
    : >"$work/out"
    "$BUILD/bin/rnnserve" --listen 127.0.0.1:0 --model "$model" "$@" >"$work/out" 2>"$work/log" &
    server=$!
    for _ in $(seq 200); do
        url=$(sed -n 's/^listening on //p' "$work/out")
        [ -n "$url" ] && return
        sleep 0.05
    done
    fail "rnnserve $* does not start: $(cat "$work/log")"
}
stop() {
    kill "$server"
    wait "$server" || fail "rnnserve ended with $?"
    server=
}
# ask STATUS ARGUMENTS: curl gets that status; its answer is in $work/answer, its head in head.
ask() {
    local want=$1 got
    shift
    got=$(curl -sS --max-time 10 -D "$work/head" -o "$work/answer" -w '%{http_code}' "$@" \
        2>"$work/curl") || got="failed: $(cat "$work/curl")"
    [ "$got" = "$want" ] || fail "curl $*: $got, not $want: $(cat "$work/answer" 2>/dev/null)"
}
# refused WORD STATUS OPTIONS: rnnserve does not start, says the word and ends with the status.
refused() {
    local word=$1 status=$2
    shift 2
    timeout 10 "$BUILD/bin/rnnserve" --listen 127.0.0.1:0 --model "$model" "$@" \
        >"$work/out" 2>"$work/log"
    local got=$?
    [ "$got" = "$status" ] || fail "rnnserve $*: ended with $got, not $status: $(cat "$work/log")"
    grep -qF -- "$word" "$work/log" || fail "rnnserve $*: no '$word' in: $(cat "$work/log")"
    [ "$(wc -l <"$work/log")" = 1 ] || fail "rnnserve $*: more than a line: $(cat "$work/log")"
    [ ! -s "$work/out" ] || fail "rnnserve $*: wrote to standard output"
}

# The token, from a file.
printf '%s\n' "$token" >"$work/token"
start -v --token-file "$work/token"
for path in v2 v2/models/m v2/models/m/ready v2/models/stats v2/nosuch v2/health/live/versions/1; do
    ask 401 "$url/$path"
    grep -qi '^www-authenticate: Bearer' "$work/head" || fail "$path: $(cat "$work/head")"
    grep -q '^{"error":"' "$work/answer" || fail "$path: $(cat "$work/answer")"
done
ask 401 -d "$body" -H "$json" "$url/v2/models/m/infer"
for wrong in "Bearer ${token%?}" "Bearer ${token}x" "Bearer" "Basic $token" "$token" \
    "Bearer x${token#?}"; do
    ask 401 -H "Authorization: $wrong" "$url/v2"
done
ask 200 "$url/v2/health/live"
ask 200 "$url/v2/health/ready"
for right in "Bearer $token" "bearer $token" "Bearer   $token"; do
    ask 200 -H "Authorization: $right" "$url/v2"
done
ask 200 -H "Authorization: Bearer $token" -d "$body" -H "$json" "$url/v2/models/m/infer"
grep -q '"outputs"' "$work/answer" || fail "$(cat "$work/answer")"
grep -qF "${token%?}" "$work/log" && fail "the log has a token: $(cat "$work/log")"
stop

# From the environment, where a file's goes before.
export RNNSERVE_TOKEN=other
start
ask 200 -H "Authorization: Bearer other" "$url/v2"
ask 401 -H "Authorization: Bearer $token" "$url/v2"
stop
start --token-file "$work/token"
ask 401 -H "Authorization: Bearer other" "$url/v2"
ask 200 -H "Authorization: Bearer $token" "$url/v2"
stop
export RNNSERVE_TOKEN="no ${token}good"
refused 'cannot stand in a header' 2
grep -qF "$token" "$work/log" && fail "the message has the token"
unset RNNSERVE_TOKEN
printf '' >"$work/empty"
printf '%s\nsecond\n' "$token" >"$work/lines"
refused 'a token of 0 bytes' 2 --token-file "$work/empty"
refused 'cannot stand in a header' 2 --token-file "$work/lines"
refused "$work/nosuch" 1 --token-file "$work/nosuch"

# TLS.
certificate() { # NAME: NAME.key and NAME.pem for 127.0.0.1
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -keyout "$work/$1.key" -out "$work/$1.pem" -subj "/CN=$1" \
        -addext 'subjectAltName=IP:127.0.0.1,DNS:localhost' 2>/dev/null ||
        fail "openssl makes no certificate"
}
certificate one
certificate two
start --tls-cert "$work/one.pem" --tls-key "$work/one.key" --token-file "$work/token"
case $url in https://127.0.0.1:*) ;; *) fail "listens on $url" ;; esac
ask 200 --cacert "$work/one.pem" -H "Authorization: Bearer $token" "$url/v2"
ask 401 --cacert "$work/one.pem" "$url/v2"
ask 200 --cacert "$work/one.pem" -H "Authorization: Bearer $token" -d "$body" -H "$json" \
    "$url/v2/models/m/infer"
ask 200 --tls-max 1.2 --cacert "$work/one.pem" "$url/v2/health/live"
curl -sS --cacert "$work/two.pem" "$url/v2/health/live" 2>/dev/null &&
    fail "another's certificate was accepted"
curl -sS --tls-max 1.1 -k "$url/v2/health/live" 2>/dev/null && fail "TLS 1.1 was spoken"
curl -sS --max-time 3 "http${url#https}/v2" >/dev/null 2>&1 # plain HTTP to TLS does no harm
ask 200 --cacert "$work/one.pem" "$url/v2/health/live"
stop

# SIGHUP: token, certificate and access log anew; what fails leaves the old ones.
start --tls-cert "$work/one.pem" --tls-key "$work/one.key" --token-file "$work/token" \
    --access-log "$work/access"
again() { # CERTIFICATE TOKEN: waits until these are what counts
    for _ in $(seq 100); do
        [ "$(curl -s --cacert "$work/$1.pem" -H "Authorization: Bearer $2" -o "$work/answer" \
            -w '%{http_code}' "$url/v2")" = 200 ] && return
        sleep 0.05
    done
    fail "with the token $2 and the certificate $1: $(cat "$work/log")"
}
again one "$token"
mv "$work/access" "$work/access.1"
cp "$work/one.pem" "$work/first.pem"
cp "$work/one.key" "$work/first.key"
cp "$work/two.pem" "$work/one.pem"
cp "$work/two.key" "$work/one.key"
echo renewed >"$work/token"
kill -HUP "$server"
again two renewed
ask 401 --cacert "$work/two.pem" -H "Authorization: Bearer $token" "$url/v2"
curl -s --cacert "$work/first.pem" "$url/v2/health/live" && fail "the old certificate is still shown"
grep -q ' GET /v2 200 ' "$work/access.1" || fail "no line in the log that was moved away"
grep -q ' GET /v2 401 ' "$work/access" || fail "no line in the new log"
grep -q "$token\|renewed" "$work/access" "$work/access.1" && fail "a token in the access log"
: >"$work/token"
kill -HUP "$server"
for _ in $(seq 100); do
    grep -q 'not reloaded: .*a token of 0 bytes' "$work/log" && break
    sleep 0.05
done
grep -q 'not reloaded: .*a token of 0 bytes' "$work/log" || fail "nothing said: $(cat "$work/log")"
again two renewed
stop
cp "$work/first.pem" "$work/one.pem"
cp "$work/first.key" "$work/one.key"
refused 'the access log' 1 --access-log "$work/no/folder"

echo garbage >"$work/garbage"
openssl pkey -in "$work/one.key" -aes256 -passout pass:x -out "$work/locked.key"
refused 'not the certificate alone' 2 --tls-cert "$work/one.pem"
refused 'not the key alone' 2 --tls-key "$work/one.key"
refused "$work/nosuch.pem" 1 --tls-cert "$work/nosuch.pem" --tls-key "$work/one.key"
refused "$work/nosuch.key" 1 --tls-cert "$work/one.pem" --tls-key "$work/nosuch.key"
refused "$work/garbage" 2 --tls-cert "$work/garbage" --tls-key "$work/one.key"
refused "$work/garbage" 2 --tls-cert "$work/one.pem" --tls-key "$work/garbage"
refused "$work/empty" 2 --tls-cert "$work/empty" --tls-key "$work/one.key"
refused 'without a password' 2 --tls-cert "$work/one.pem" --tls-key "$work/locked.key"
refused 'must belong to' 2 --tls-cert "$work/one.pem" --tls-key "$work/two.key"
refused "$work" 1 --tls-cert "$work" --tls-key "$work/one.key"
# Plain HTTP where TLS is spoken is answered plainly.
start --tls-cert "$work/one.pem" --tls-key "$work/one.key"
ask 400 "http${url#https}/v2"
grep -q 'https' "$work/answer" || fail "$(cat "$work/answer")"
stop

# Handshakes that are none, or are not finished, hold nobody up.
start --tls-cert "$work/one.pem" --tls-key "$work/one.key" --head-timeout 300ms
port=${url##*:}
for i in $(seq 60); do
    exec 3<>"/dev/tcp/127.0.0.1/$port" || fail "cannot connect"
    { printf '\x16\x03\x01\x00\x20' && head -c $((i % 32)) /dev/urandom; } >&3 2>/dev/null
    [ $((i % 20)) = 0 ] && ask 200 --cacert "$work/one.pem" "$url/v2/health/live"
    exec 3>&-
done
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf '\x16' >&3
timeout 5 cat <&3 >/dev/null || fail "a handshake of one byte is waited for"
exec 3>&-
ask 200 --cacert "$work/one.pem" "$url/metrics"
grep -q '^rnnserve_failures_total{kind="tls"} [1-9]' "$work/answer" || fail "$(cat "$work/answer")"
stop
echo "token and TLS as they should be"
