# SPDX-License-Identifier: GPL-3.0-or-later
engines.src  := $(wildcard engines/*.c)
engines.uses := base
engines.libs := -ldnnl -fopenmp
