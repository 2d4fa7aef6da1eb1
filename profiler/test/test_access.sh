#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# rnnprof, rnneval and a server that is not open to everyone: TLS with a CA of one's own, a bearer token
# from the environment or a file, client certificates and HTTP/2 through nghttpx. What is refused is
# refused as the right kind, and the secrets are in no output and no file.
set -u
for need in openssl:openssl nghttpx:nghttp2-proxy; do
    command -v "${need%:*}" >/dev/null && continue
    echo "no ${need%:*} here: scripts/setup --with check installs ${need#*:}"
    exit 77
done
mkdir -p "${BUILD:=build}/scratch"
folder=$(mktemp -d "$BUILD/scratch/access.XXXXXX")
failed=0
running=()
trap 'kill "${running[@]}" 2>/dev/null' EXIT
exec 2>"$folder/errors"

bad() {
    echo "FAILED: $*"
    failed=1
}

certificate() { # NAME SUBJECT EXTENSIONS: NAME.pem and NAME.key, signed by the CA
    openssl req -newkey rsa:2048 -nodes -keyout "$folder/$1.key" -out "$folder/$1.csr" -subj "/CN=$2"
    openssl x509 -req -in "$folder/$1.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" -days 2 \
        -CAcreateserial -out "$folder/$1.pem" -extfile <(echo "$3")
}
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$folder/ca.key" -out "$folder/ca.pem" -days 2 \
    -subj "/CN=test CA"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$folder/other.key" -out "$folder/other.pem" -days 2 \
    -subj "/CN=other CA"
certificate server localhost "subjectAltName=DNS:localhost,IP:127.0.0.1"
certificate client someone "extendedKeyUsage=clientAuth"
openssl rsa -aes256 -passout pass:key-word-4711 -in "$folder/client.key" -out "$folder/locked.key"

token=t0ken-9f3a61c8d2-secret
export ACCESS_TOKEN=$token KEY_WORD=key-word-4711
printf '%s\n' "$token" >"$folder/token"
echo wrong-0815-token >"$folder/wrong"

serve() { # NAME OPTIONS..: starts an rnnserve; its port is in $port
    local name=$1
    shift
    "$BUILD/bin/rnnserve" --listen 127.0.0.1:0 --model m=dnnl:hidden=16,input=8,vocabulary=50 "$@" \
        >"$folder/$name.url" &
    running+=($!)
    for _ in {1..100}; do
        grep -qs listening "$folder/$name.url" && break
        sleep 0.1
    done
    port=$(sed 's/.*://' "$folder/$name.url")
}

identity=server # the certificate that nghttpx shows
front() { # BACKEND PARAMETERS OPTIONS..: starts an nghttpx before that port; its own is in $port, or was
    local backend=$1 parameters=$2
    shift 2
    for _ in {1..20}; do
        [ -n "${same_port-}" ] || port=$((20000 + RANDOM % 30000))
        nghttpx --no-ocsp --conf=/dev/null --workers=1 "-f127.0.0.1,$port$parameters" "-b127.0.0.1,$backend" \
            --errorlog-file="$folder/nghttpx.log" "$@" "$folder/$identity.key" "$folder/$identity.pem" &
        local pid=$!
        for _ in {1..50}; do # a port that is another's ends nghttpx
            sleep 0.1
            kill -0 "$pid" || break
            (exec 3<>"/dev/tcp/127.0.0.1/$port") && running+=("$pid") && return
        done
    done
    echo "nghttpx does not start"
    exit 1
}

campaign() { # NAME URL LINES: $folder/NAME.ini
    cat >"$folder/$1.ini" <<END
[campaign]
name = $1
lengths = 4,16
[edge]
engine = dnnl
hidden = 16
input = 8
vocabulary = 50
[cloud]
url = $2
model = m
timeout = 5s
$3
[stop]
ci = 0
max_samples = 6
END
}

works() { # NAME URL LINES: a campaign that ends well
    campaign "$@"
    "$BUILD/bin/rnnprof" run "$folder/$1.ini" --db "$folder/$1.db" --json >"$folder/$1.out" 2>"$folder/$1.err" ||
        bad "$1: $(cat "$folder/$1.err")"
    grep -qs '"failed": 0' "$folder/$1.out" || bad "$1: $(cat "$folder/$1.out")"
    "$BUILD/bin/rnnprof" export --db "$folder/$1.db" >"$folder/$1.csv"
}

refused() { # NAME URL LINES WORDS: a campaign that says them, and leaves no database
    campaign "$1" "$2" "$3"
    "$BUILD/bin/rnnprof" run "$folder/$1.ini" --db "$folder/$1.db" >"$folder/$1.out" 2>"$folder/$1.err"
    [ $? = 1 ] || bad "$1: was not refused"
    grep -qs -- "$4" "$folder/$1.err" || bad "$1: '$4' is not in: $(cat "$folder/$1.err")"
    [ ! -e "$folder/$1.db" ] || bad "$1: left a database"
}

positive() { # NAME COLUMN: how many samples of the endpoint have more than 0 there
    awk -F, -v column="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        $at["target"] == "cloud" && $at[column] > 0' "$folder/$1.csv" | wc -l
}

# rnnserve's own TLS and token
serve own --tls-cert "$folder/server.pem" --tls-key "$folder/server.key" --token-file "$folder/token"
own=https://localhost:$port
works tls_environment "$own" "ca = $folder/ca.pem
token = env:ACCESS_TOKEN
connection = new"
[ "$(positive tls_environment tls_s)" = 12 ] || bad "a handshake for each: $(positive tls_environment tls_s)"
works tls_file "$own" "ca = $folder/ca.pem
token = file:$folder/token
version = 1
tensors = binary"
works tls_header "$own" "ca = $folder/ca.pem
header = X-Tenant: lab
header = Authorization: Bearer $token"
rm "$folder/tls_header".* # a header that was written out is stored, as it says
refused no_token "$own" "ca = $folder/ca.pem" "HTTP status 401.*token = env:"
refused wrong_token "$own" "ca = $folder/ca.pem
token = file:$folder/wrong" "HTTP status 401"
refused no_ca "$own" "token = env:ACCESS_TOKEN" "certificate"
refused other_ca "$own" "ca = $folder/other.pem
token = env:ACCESS_TOKEN" "check the server's certificate"
refused plain "http://localhost:$port" "token = env:ACCESS_TOKEN" "localhost"
refused no_variable "$own" "token = env:NO_SUCH_VARIABLE" "no variable NO_SUCH_VARIABLE"
refused no_file "$own" "token = file:$folder/nosuch" "nosuch: cannot be opened"
refused literal "$own" "token = $token" "env:VARIABLE or file:PATH"
refused in_url "https://me:$token@localhost:$port" "" "user and password"
SSL_CERT_FILE=$folder/ca.pem works tls_variable "$own" "token = env:ACCESS_TOKEN"
SSL_CERT_FILE=$folder/other.pem works tls_key_first "$own" "ca = $folder/ca.pem
token = env:ACCESS_TOKEN"
SSL_CERT_FILE=$folder/nosuch.pem refused no_variable_file "$own" "" "SSL_CERT_FILE = .*nosuch.pem"
refused no_ca_file "$own" "ca = $folder/nosuch.pem" "nosuch.pem"
rm "$folder/literal.ini" "$folder/in_url.ini"

"$BUILD/bin/rnnfit" --db "$folder/tls_file.db" >"$folder/fit.out" 2>"$folder/fit.err" || bad "rnnfit"
printf 'length,count\n4,5\n16,5\n' >"$folder/lengths.csv"
"$BUILD/bin/rnneval" --db "$folder/tls_file.db" --lengths "$folder/lengths.csv" --live -n 10 \
    >"$folder/eval.out" 2>"$folder/eval.err" || bad "rnneval --live: $(cat "$folder/eval.err")"
for command in "show" "show --json" "export" "list"; do
    # shellcheck disable=SC2086 # a command and its option
    "$BUILD/bin/rnnprof" $command --db "$folder/tls_file.db" >>"$folder/commands.out" 2>&1 || bad "$command"
done

"$BUILD/bin/rnnprof" link "$own" --for 1s --interval 200ms --ca "$folder/ca.pem" --token "file:$folder/token" \
    --model m --bandwidth 400ms --size 4MiB -o "$folder/link.csv" --json >"$folder/link.out" 2>"$folder/link.err" ||
    bad "rnnprof link: $(cat "$folder/link.err")"
awk -F, 'NR > 1 && $2 > 0 && $3 > 0 { n++ } END { exit n < 1 }' "$folder/link.csv" ||
    bad "no bandwidth up: $(cat "$folder/link.csv" "$folder/link.err")"
"$BUILD/bin/rnnprof" link "$own" --for 1s -o "$folder/link2.csv" --ca "$folder/ca.pem" --token "$token" \
    >"$folder/link2.out" 2>"$folder/link2.err"
grep -q -- "--token: say where it is" "$folder/link2.err" || bad "rnnprof link: $(cat "$folder/link2.err")"
"$BUILD/bin/rnnprof" link "$own" --for 1s -o "$folder/link2.csv" >"$folder/link2.out" 2>"$folder/link2.err" &&
    bad "rnnprof link without the CA"
[ ! -e "$folder/link2.csv" ] || bad "rnnprof link left a trace"

# the token is changed in the middle of a campaign: one request is refused, then the file is read again
campaign rotates "$own" "ca = $folder/ca.pem
token = file:$folder/token"
sed -i 's/^max_samples.*/max_samples = 1000000\nmax_time = 3s/' "$folder/rotates.ini"
"$BUILD/bin/rnnprof" run "$folder/rotates.ini" --db "$folder/rotates.db" --json >"$folder/rotates.out" 2>"$folder/rotates.err" &
profile=$!
sleep 1.5
echo "n3w-$token" >"$folder/token"
kill -HUP "${running[0]}"
wait "$profile"
[ $? = 3 ] || bad "a new token: $(cat "$folder/rotates.err")"
grep -q '"http": 1$' "$folder/rotates.out" || bad "a new token: $(cat "$folder/rotates.out")"

# what has neither, behind nghttpx: HTTP/2 with and without TLS, a client's certificate
serve open
open=$port
front "$open" ""
works http2_tls "https://127.0.0.1:$port" "ca = $folder/ca.pem
http = 2"
works http2_tls_new "https://127.0.0.1:$port" "ca = $folder/ca.pem
http = 2
connection = new
tensors = binary"
[ "$(positive http2_tls_new tls_s)" = 12 ] || bad "a handshake for each over HTTP/2"
works http1_tls "https://127.0.0.1:$port" "ca = $folder/ca.pem"
front "$open" ";no-tls"
works http2_plain "http://127.0.0.1:$port" "http = 2"
works http1_plain "http://127.0.0.1:$open" ""
up() { # NAME: bytes up of a warm request of 16 steps, the least
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        $at["target"] == "cloud" && $at["length"] == 16 { print $at["bytes_up"] }' "$folder/$1.csv" |
        sort -n | head -n 1
}
# the head is compressed; what is counted is what was on the wire
[ "$(up http2_plain)" -lt "$(up http1_plain)" ] || bad "bytes: $(up http2_plain), $(up http1_plain)"
[ "$(up http2_plain)" -gt 100 ] || bad "bytes: $(up http2_plain)"
refused http2_of_1 "http://127.0.0.1:$open" "http = 2" "speaks HTTP/2\|http = 1.1"
serve secure --tls-cert "$folder/server.pem" --tls-key "$folder/server.key"
refused http2_not_agreed "https://127.0.0.1:$port" "ca = $folder/ca.pem
http = 2" "speaks no HTTP/2"

front "$open" "" --verify-client "--verify-client-cacert=$folder/ca.pem"
works client_certificate "https://127.0.0.1:$port" "ca = $folder/ca.pem
certificate = $folder/client.pem
key = $folder/client.key"
works client_locked "https://127.0.0.1:$port" "ca = $folder/ca.pem
certificate = $folder/client.pem
key = $folder/locked.key
key_password = env:KEY_WORD"
refused no_certificate "https://127.0.0.1:$port" "ca = $folder/ca.pem" "client's certificate (certificate, key)"
refused no_password "https://127.0.0.1:$port" "ca = $folder/ca.pem
certificate = $folder/client.pem
key = $folder/locked.key
key_password = env:ACCESS_TOKEN" "client's certificate"
refused key_alone "https://127.0.0.1:$port" "key = $folder/client.key" "needs certificate"

# in the middle of a campaign the certificate becomes one that nobody signed: failures of their kind, and no end
front "$open" ""
campaign changes "https://127.0.0.1:$port" "ca = $folder/ca.pem
connection = new"
sed -i 's/^max_samples.*/max_samples = 1000000\nmax_time = 4s\nmax_failures = 0/' "$folder/changes.ini"
"$BUILD/bin/rnnprof" run "$folder/changes.ini" --db "$folder/changes.db" --json >"$folder/changes.out" 2>"$folder/changes.err" &
profile=$!
sleep 1.5
kill "${running[-1]}"
same_port=yes
identity=other
front "$open" ""
wait "$profile"
[ $? = 3 ] || bad "a new certificate: $(cat "$folder/changes.err")"
grep -q '"tls": [1-9]' "$folder/changes.out" || bad "a new certificate: $(cat "$folder/changes.out")"

for secret in "$token" wrong-0815-token key-word-4711; do
    found=$(grep -rlaF -- "$secret" "$folder" | grep -v '/token$\|/wrong$')
    [ -z "$found" ] || bad "a secret is in $found"
done
[ $failed = 0 ] || tail -n 20 "$folder/errors"
exit $failed
