# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2016,SC2034 # awk's dollars; who sources this uses what it sets
# Small campaigns of every kind, made of that of runtime/examples; sourced by scripts at the root.
campaigns='lines segments energies bandwidth endpoints'

campaign_csv() { # NAME
    local rows='NR == 1 { print; next }'
    case $1 in
    lines) rows='' ;;
    segments) # a cache that overflows, and help that comes late
        rows+='$1 == "edge" { $3 += ($2 > 96 ? ($2 - 96) * 8e-5 : 0) - ($2 > 256 ? ($2 - 256) * 12e-5 : 0) }' ;;
    energies)
        rows='{ $6 = NR == 1 ? "energy_j" : $1 == "edge" ? 2.5 * $3 : 0.004 + 0.3 * $3 + 1e-6 * $2 }' ;;
    bandwidth | endpoints) # over links of 10 and 50 Mbit/s; a nearer endpoint that is slower
        rows='NR == 1 { print $0, "bytes_up,bytes_down,up_ps_per_byte,down_ps_per_byte"; next }
            { $9 = "" }
            $1 == "cloud" { up = 200 + 4 * $2; $3 += up * 8e-7 + 300 * 1.6e-7; $6 = up; $7 = 300; $8 = 800000; $9 = 160000 }'
        [ "$1" = bandwidth ] || rows+='
            $1 == "cloud" { print; $1 = "near"; $3 += 2e-5 * $2 - 0.018; $4 = 0.002 }' ;;
    esac
    awk -F, -v OFS=, "$rows { print }" runtime/examples/campaign.csv
}

campaign_database() { # NAME FOLDER: FOLDER/NAME.db, fitted
    local form=auto
    [ "$1" != segments ] || form=piecewise
    campaign_csv "$1" >"$2/$1.csv"
    "$BUILD/bin/rnnprof" import "$2/$1.csv" --db "$2/$1.db" --campaign "$1" -q >"$2/import.log" &&
        "$BUILD/bin/rnnfit" --db "$2/$1.db" --form "$form" -q >"$2/fit.log"
}

# campaign | options of rnngen: what each campaign can be asked
campaign_headers() {
    cat <<'TABLE'
lines|--link fixed:20ms
lines|--link rtt
lines|--link rtt --max-regret 2%
segments|--link fixed:3ms
segments|--link rtt
segments|--link rtt --max-regret 5%
energies|--objective energy --link fixed:20ms
energies|--objective weighted:0.3 --link fixed:20ms
energies|--objective edp --link fixed:20ms
energies|--objective energy@deadline:20ms --link fixed:20ms
energies|--objective time@energy:0.03 --link fixed:20ms
bandwidth|--link fixed:20ms,10,50
bandwidth|--link rtt
bandwidth|--link rtt+bandwidth
endpoints|--link fixed:5ms
endpoints|--link rtt
endpoints|--link rtt+bandwidth
TABLE
}
