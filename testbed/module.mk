# SPDX-License-Identifier: GPL-3.0-or-later
testbed.src  := $(filter-out testbed/rnnlink.c,$(wildcard testbed/*.c))
testbed.uses := records base
testbed.libs := -levent_core

TOOLS += rnnlink
rnnlink.main  := testbed/rnnlink.c
rnnlink.rooms := testbed records base

include testbed/board/board.mk
