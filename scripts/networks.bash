# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034,SC2054,SC2154 # who sources this, with scripts/stage.bash, uses it
# The networks that `make reproduce` measures, of the kinds that the papers run, and what each is given:
#
#   bilstm   an encoder of sentences and documents: two bidirectional layers of 300 units
#   gru      three bidirectional layers over pen points or sensor readings
#   speech   three layers over frames of 80 mel features: 320 bytes a step, so that bytes matter
#   seq2seq  encoder and decoder (GRU), which writes as it reads: its time is that of two lengths
networks=(bilstm gru speech seq2seq)

declare -A keys=(
    [bilstm]=cell=lstm,hidden=300,layers=2,bidirectional=true,input=300,vocabulary=10000,seed=7
    [gru]=cell=gru,hidden=256,layers=3,bidirectional=true,input=64,vocabulary=2000,seed=7
    [speech]=cell=lstm,hidden=320,layers=3,input=80,seed=7
)
declare -A lengths=(
    [bilstm]=4,8,16,32,64,128,192,256,384,512
    [gru]=8,16,32,64,128,256,512,1024
    [speech]=16,64,160,400,800,1200,1600
    [seq2seq]=2,4,6:60:9,72:120:24
)
declare -A data=(
    [bilstm]="sst wikitext2_paragraphs imdb"
    [gru]="sketch_omniglot plaid"
    [speech]=mini_librispeech_frames_chars
    [seq2seq]="iwslt14_de_en wmt24_en_de_segments"
)
# A campaign's pairs of lengths, by which the output's length is expected.
declare -A pairs=([seq2seq]=datasets/iwslt14_de_en.csv)
declare -A titles=(
    [bilstm]="BiLSTM, 2 x 300 units, words"
    [gru]="GRU, 3 x 256 units both ways, tokens"
    [speech]="LSTM, 3 x 320 units, frames of 80 features"
    [seq2seq]="GRU encoder and decoder, 512 units, words"
)

# Energy of the device, modelled: no meter is at hand. A Raspberry Pi 4 Model B draws 2.7 W at rest and
# 6.4 W with its four cores busy, so 0.93 W for one (J. Geerling, "Power Consumption Benchmarks",
# Raspberry Pi Dramble). Its Wi-Fi by Huang et al., "A close examination of performance and power
# characteristics of 4G LTE networks", MobiSys 2012, tables 3 and 4: 132.86 mW, and 283.17 mW per Mbit/s
# up or 137.01 down, here at 5 and 20 Mbit/s; promotion 79.1 ms at 124.4 mW and tail 238.1 ms at 119.3 mW.
meter=constant:active=3.63W,wait=2.7W,idle=2.7W
radio=tx=1.55W,rx=2.87W,wait=0.133W,e0=0.038J

describe() { echo "${titles[$1]}; lengths ${lengths[$1]}"; }

onnx_library() { echo "${BUILD:-build}/onnxruntime/libonnxruntime.so"; } # as the campaign names it: from here

# The device runs the network in portable C (engines/examples/portable.c), as firmware without a library
# for its processor does; the endpoint runs the same network, weights and all, on oneDNN. The encoder and decoder
# run on ONNX Runtime at both places, with one thread here and two there.
edge_keys() { # NETWORK FOLDER
    if [ "$1" = seq2seq ]; then
        printf '%s\n' "engine = onnx" "model = $2/seq2seq.onnx" "library = $(onnx_library)" "threads = 1"
    else
        printf '%s\n' "engine = plugin" "library = ${BUILD:-build}/examples/portable_network.so" \
            "options = ${keys[$1]%,seed=*}" "seed = ${keys[$1]#*,seed=}"
    fi
}
server_spec() { # NETWORK FOLDER
    if [ "$1" = seq2seq ]; then
        echo "onnx:model=$2/seq2seq.onnx,library=$(onnx_library),threads=2"
    else
        echo "dnnl:${keys[$1]},threads=$threads"
    fi
}

campaign_file() { # NETWORK FOLDER ADDRESS SERVER
    printf '%s\n' "# Written by scripts/${0##*/}." "[campaign]" "name = $1" "lengths = ${lengths[$1]}" "[edge]"
    edge_keys "$1" "$2"
    printf '%s\n' "[cloud]" "url = http://$3" "model = $1" "tensors = binary" "[link]" \
        "command = $bin/rnnlink --listen $3 --to $4 --rtt 0 --control - -q" "states = 1ms 10ms/10/40" \
        "[energy]" "meter = $meter" "radio = $radio" "[stop]" "ci = 0" "design = grid" \
        "max_samples = ${ROUNDS:-100}" "max_time = ${MINUTES:-6.5}min"
}

# Into FOLDER/NETWORK.db.
measure_network() { # NETWORK FOLDER
    local folder=$2 db=$2/$1.db
    rm -f "$db"
    if [ "$1" = seq2seq ]; then
        scripts/onnx-model -o "$folder/seq2seq.onnx" --kind seq2seq --cell gru --hidden 512 --input 256 \
            --vocabulary 8000 --output-length 0.99,1.08,1.2 --seed 7
    fi
    start server "$folder/rnnserve.log" "$bin/rnnserve" --listen 127.0.0.1:0 \
        --model "$1=$(server_spec "$1" "$folder")"
    local server_at=${address#http://}
    start link "$folder/rnnlink.log" "$bin/rnnlink" --listen 127.0.0.1:0 --to "$server_at" --rtt 0
    kill "$link"
    wait "$link" || true # its port is free now for the one that rnnprof starts
    link=
    campaign_file "$1" "$folder" "${address#http://}" "$server_at" >"$folder/$1.ini"
    measure "$folder/$1.ini" "$db"
    finish
    server=
}
