# SPDX-License-Identifier: GPL-3.0-or-later
# tracker.tsv: link, then for each rule of estimating it the mean over the cells of its time over the
# oracle's, in %.
load 'results/plots/style.gp'
set title name noenhanced
set datafile separator tab
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set ylabel 'mean time above the oracle''s (%)'
set logscale y
set yrange [0.1:*]
set xtics scale 0 noenhanced
set key outside top horizontal noenhanced autotitle columnheader
colours = "#0072b2 #999999 #e69f00 #56b4e9 #009e73"
plot for [i=2:6] data using i:xtic(1) linecolor rgb word(colours, i-1)
