# SPDX-License-Identifier: GPL-3.0-or-later
# break_even.tsv: network, round trip (ms), length, low and high end of its 95 % interval; a network is a block.
load 'results/plots/style.gp'
set title "Length from which the endpoint is faster, against round trip\n(10 Mbit/s up, 40 down; bands 95 %)"
set xlabel 'round trip (ms)'
set ylabel 'length (steps)'
set logscale xy
set yrange [1:*]
set key outside right top title 'network'
set style fill transparent solid 0.15 noborder
set datafile missing '-'
colours = "#0072b2 #d55e00 #009e73 #cc79a7"
plot for [i=0:3] data index i using 2:4:5 with filledcurves linecolor rgb word(colours, i+1) notitle, \
     for [i=0:3] data index i using 2:3 with linespoints pointtype 7 pointsize 0.5 linewidth 2 \
         linecolor rgb word(colours, i+1) title columnheader(1)
