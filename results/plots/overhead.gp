# SPDX-License-Identifier: GPL-3.0-or-later
# overhead.tsv: network, length, time on the device and remote part at the endpoint (ms); a network is a block.
load 'results/plots/style.gp'
set title name noenhanced
set xlabel 'length (steps)'
set ylabel 'time (ms)'
set logscale xy
set key outside right top noenhanced
set format y '10^{%L}'
colours = "#0072b2 #d55e00 #009e73 #cc79a7"
plot for [i=0:3] data index i using 2:3 with lines linewidth 2 linecolor rgb word(colours, i+1) \
         title columnheader(1), \
     decision_ns * 1e-6 with lines linewidth 2 dashtype 2 linecolor rgb 'black' \
         title sprintf('one decision: %.2g ns', decision_ns)
