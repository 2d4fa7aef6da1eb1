# SPDX-License-Identifier: GPL-3.0-or-later
fitter.src  := $(filter-out fitter/rnnfit.c,$(wildcard fitter/*.c))
fitter.uses := records base
fitter.libs := -lgsl -lgslcblas -ljansson

TOOLS += rnnfit
rnnfit.main  := fitter/rnnfit.c
rnnfit.rooms := fitter records base
