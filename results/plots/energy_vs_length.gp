# SPDX-License-Identifier: GPL-3.0-or-later
# *.energy.tsv, blocks: windows of the device (length, mJ); models (length, mJ here, mJ there over 20 ms, 10 Mbit/s
# up, 40 down). Windows at the endpoint are not drawn: the modelled radio is added to them by the fit.
load 'results/plots/style.gp'
set title name noenhanced
set xlabel 'length (steps)'
set ylabel 'energy of the device for an inference (mJ, modelled)'
set key left top
set xrange [0:*]
set yrange [0:*]
plot data index 1 using 1:2 with lines linewidth 2 linecolor rgb edge title 'on the device, fitted', \
     data index 1 using 1:3 with lines linewidth 2 linecolor rgb cloud title 'at the endpoint over 20 ms, 10 Mbit/s up, 40 down, fitted', \
     data index 0 using 1:2 with points pointtype 7 linecolor rgb edge title 'windows on the device (mean)'
