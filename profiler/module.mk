# SPDX-License-Identifier: GPL-3.0-or-later
profiler.src  := $(filter-out profiler/rnnprof.c,$(wildcard profiler/*.c))
profiler.uses := fitter endpoint engines records base
profiler.libs := -ljansson

TOOLS += rnnprof
rnnprof.main  := profiler/rnnprof.c
rnnprof.rooms := profiler fitter endpoint engines records base
