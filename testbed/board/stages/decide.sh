# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# On the board: a product with the header inside decides, live.
boardtimer &
/host/product "dnnl:$(echo "$NETWORK" | tr -d ' ' | tr '\n' ',')threads=1" "$URL" sleeper 50 200 400 590 660 800 1000 \
    >/host/out/product.txt
