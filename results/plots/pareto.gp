# SPDX-License-Identifier: GPL-3.0-or-later
# pareto.tsv, blocks: the weights (W, ms, mJ) of rnnmap; of the oracle; all-edge and all-cloud (name, ms, mJ).
load 'results/plots/style.gp'
set title name noenhanced
set xlabel 'mean time of a request (ms)'
set ylabel 'mean energy of the device for a request (mJ, modelled)'
set key outside right top
set offsets graph 0.08, graph 0.08, graph 0.08, graph 0.08
plot data index 1 using 2:3 with linespoints pointtype 6 linecolor rgb oracle title 'oracle', \
     data index 0 using 2:3 with linespoints pointtype 7 linewidth 2 linecolor rgb rnnmap title 'rnnmap, by weight of time', \
     data index 0 using 2:3:(sprintf('%.1f', $1)) with labels offset 0,0.8 font ',8' notitle, \
     data index 2 using 2:3:1 with labels point pointtype 5 offset 0,1 notitle
