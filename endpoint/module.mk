# SPDX-License-Identifier: GPL-3.0-or-later
endpoint.src  := $(filter-out endpoint/rnnserve.c,$(wildcard endpoint/*.c))
endpoint.uses := engines base
endpoint.libs := -lcurl -lgnutls -ljansson
# base/test/support.o comes after the archives and needs base's clock, which not every test pulls in

TOOLS += rnnserve
rnnserve.main  := endpoint/rnnserve.c
rnnserve.rooms := endpoint engines base

# What the tests with sockets share.
$(addprefix $(BUILD)/test/endpoint/test/,test_bad_clients test_client test_extensions test_hostile \
		test_operation test_prober test_rnnserve test_statistics test_template): \
		$(BUILD)/obj/endpoint/test/wire.o
