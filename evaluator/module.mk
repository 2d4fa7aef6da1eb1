# SPDX-License-Identifier: GPL-3.0-or-later
evaluator.src  := $(filter-out evaluator/rnneval.c,$(wildcard evaluator/*.c))
evaluator.uses := codegen runtime fitter endpoint engines records base
evaluator.libs := -ljansson

TOOLS += rnneval
rnneval.main  := evaluator/rnneval.c
rnneval.rooms := evaluator codegen fitter endpoint engines records base
