#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/tracker-table on two link models: a line for each spacing, columns that add up, and over a link
# in town rnnmap far below the device and the endpoint alone.
set -u
out=$(SPACINGS='1s 60s' PRODUCTS=1 REQUESTS=4000 scripts/tracker-table datasets/links/wifi_office_zhuge.link \
    datasets/links/5g_n78_urban_cicv.link datasets/links/home_line_second_hop_atlas.link) || exit 1
echo "$out"
awk '
    $1 == "link" { for (i = 1; i <= NF; i++) column[$i] = i; columns = NF; next }
    NF > 10 && !/^Break-even/ { lines++; names = names " " $1 ":" $2
        if (NF != columns) bad = bad " " $1 " has " NF " columns;"
        rnnmap = $column["rnnmap"]
        parts = $column["surprised"] + $column["kept"] + $column["probing"]
        if (parts - rnnmap > 1 || rnnmap - parts > 1) bad = bad " " rnnmap " is not " parts ";"
        if (rnnmap > 8 || rnnmap > $column["edge"] / 3) bad = bad " rnnmap is at " rnnmap ";" }
    END {
        if (names != " 5g_n78_urban_cicv:1s 5g_n78_urban_cicv:60s home_line_second_hop_atlas:row mean:-")
            bad = bad " lines:" names
        if (bad) print "FAILED:" bad
        exit bad != "" }' <<<"$out" || exit 1
why=$(scripts/tracker-table /nowhere.csv 2>&1) && echo 'FAILED: a file that is not there is no error' && exit 1
[ "$why" = 'tracker-table: /nowhere.csv: no such file' ] || {
    echo "FAILED: $why"
    exit 1
}
echo passed
