# SPDX-License-Identifier: GPL-3.0-or-later
endpoint.src  := $(filter-out endpoint/rnnserve.c,$(wildcard endpoint/*.c))
endpoint.uses := engines base
endpoint.libs := -lcurl -lmicrohttpd -ljansson

TOOLS += rnnserve
rnnserve.main  := endpoint/rnnserve.c
rnnserve.rooms := endpoint engines base
