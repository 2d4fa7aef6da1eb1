# SPDX-License-Identifier: GPL-3.0-or-later
# Called first by each figure: term ('png' or 'svg'), out (the file) and size come from scripts/reproduce.
if (term eq 'png') {
    eval "set terminal pngcairo size " . size . " font 'DejaVu Sans,11'"
} else {
    eval "set terminal svg size " . size . " font 'DejaVu Sans,11' background 'white'"
}
set output out
set border 3
set tics nomirror out
set grid ytics linecolor rgb '#dddddd'
edge = '#d55e00'
cloud = '#56b4e9'
rnnmap = '#0072b2'
oracle = '#b0b0b0'
