# SPDX-License-Identifier: GPL-3.0-or-later
records.src  := $(wildcard records/*.c)
records.uses := base
records.libs := -lsqlite3
