# SPDX-License-Identifier: GPL-3.0-or-later
# decisions.csv: rnneval --journal of one evaluation; the first `span` seconds.
load 'results/plots/style.gp'
set datafile separator ','
set multiplot layout 2,1 title name noenhanced
set xrange [0:span]
set ylabel 'round trip (ms)'
set yrange [0:*]
set key off
plot data using 1:3 skip 1 with steps linewidth 1.5 linecolor rgb '#444444'
set xlabel 'time (s)'
set ylabel 'length (steps)'
set key outside below horizontal
plot data using (column('rnnmap_offloaded') == 0 ? $1 : NaN):2 with points pointtype 7 pointsize 0.45 \
         linecolor rgb edge title 'on the device', \
     data using (column('rnnmap_offloaded') == 1 ? $1 : NaN):2 with points pointtype 7 pointsize 0.45 \
         linecolor rgb cloud title 'at the endpoint'
unset multiplot
