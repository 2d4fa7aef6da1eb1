# SPDX-License-Identifier: GPL-3.0-or-later
codegen.src  := $(filter-out codegen/rnngen.c,$(wildcard codegen/*.c))
codegen.uses := runtime fitter records base
codegen.libs := -ljansson

TOOLS += rnngen
rnngen.main  := codegen/rnngen.c
rnngen.rooms := codegen fitter records base
