# SPDX-License-Identifier: GPL-3.0-or-later
# Headers that products compile; nothing of it is linked into the tools.
runtime.src  :=
runtime.uses :=
