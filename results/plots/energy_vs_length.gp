# SPDX-License-Identifier: GPL-3.0-or-later
# *.energy.tsv, blocks: windows (target, length, mJ) of the device; of the endpoint; models (length, mJ here, mJ there
# over 20 ms, 10 Mbit/s up, 40 down).
load 'results/plots/style.gp'
set title name noenhanced
set xlabel 'length (steps)'
set ylabel 'energy of the device for an inference (mJ, modelled)'
set key left top
set xrange [0:*]
set yrange [0:*]
plot data index 2 using 1:2 with lines linewidth 2 linecolor rgb edge title 'on the device, fitted', \
     data index 2 using 1:3 with lines linewidth 2 linecolor rgb cloud title 'at the endpoint over 20 ms, fitted', \
     data index 0 using 2:3 with points pointtype 7 linecolor rgb edge title 'windows on the device', \
     data index 1 using 2:3 with points pointtype 6 linecolor rgb cloud title 'windows at the endpoint, both link states'
