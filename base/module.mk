# SPDX-License-Identifier: GPL-3.0-or-later
base.src  := $(wildcard base/*.c)
base.uses :=
base.libs := -linih -lnettle
