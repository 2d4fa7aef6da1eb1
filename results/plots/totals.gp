# SPDX-License-Identifier: GPL-3.0-or-later
# totals_*.tsv: cell ("data set over link"), then the mean of edge, cloud, rnnmap, oracle; `what` names it.
load 'results/plots/style.gp'
set title name noenhanced
set datafile separator tab
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set logscale y
set ylabel what
set xtics rotate by -40 scale 0 noenhanced
set bmargin 11
set rmargin 12
set key outside top horizontal
plot data using 2:xtic(1) linecolor rgb edge title 'all on the device', \
     '' using 3 linecolor rgb cloud title 'all at the endpoint', \
     '' using 4 linecolor rgb rnnmap title 'rnnmap', \
     '' using 5 linecolor rgb oracle title 'oracle'
