# SPDX-License-Identifier: GPL-3.0-or-later
profiler.src  := $(filter-out profiler/rnnprof.c,$(wildcard profiler/*.c))
profiler.uses := fitter endpoint engines records base
# libsde is wanted even where nothing calls it: through it PAPI finds what libraries count.
profiler.libs := -ljansson -lpapi -Wl,--no-as-needed -lsde -Wl,--as-needed -lsensors

TOOLS += rnnprof
rnnprof.main  := profiler/rnnprof.c
rnnprof.rooms := profiler fitter endpoint engines records base

# Between the profiler and the engine, where the test counts what it knows.
$(BUILD)/test/profiler/test/test_counters: LDFLAGS += -Wl,--wrap=engine_prepare,--wrap=engine_run

# Servers that misbehave are the endpoint's tests'.
$(BUILD)/test/profiler/test/test_bad_servers: $(BUILD)/obj/endpoint/test/wire.o
