# SPDX-License-Identifier: GPL-3.0-or-later
profiler.src  := $(filter-out profiler/rnnprof.c,$(wildcard profiler/*.c))
profiler.uses := fitter endpoint engines records base
# libsde is wanted even where nothing calls it: through it PAPI finds what libraries count.
profiler.libs := -ljansson -lpapi -Wl,--no-as-needed -lsde -Wl,--as-needed -lsensors

TESTS_BESIDE += $(addprefix $(BUILD)/test/profiler/test/test_,linkcontrol link_recorder link_campaign \
	bad_servers doctor meter_told resume)
TESTS_ALONE += $(addprefix $(BUILD)/test/profiler/test/test_,energy_campaign energy_rig)

TOOLS += rnnprof
rnnprof.main  := profiler/rnnprof.c
rnnprof.rooms := profiler fitter endpoint engines records base

# Between the profiler and the engine, where the test counts what it knows.
$(BUILD)/test/profiler/test/test_counters: LDFLAGS += -Wl,--wrap=engine_prepare,--wrap=engine_run

# The rig knows when windows at rest were measured.
$(BUILD)/test/profiler/test/test_energy_rig: LDFLAGS += -Wl,--wrap=energy_measure_idle

# Servers that misbehave are the endpoint's tests'.
$(BUILD)/test/profiler/test/test_bad_servers: $(BUILD)/obj/endpoint/test/wire.o

# An engine of known time, to measure the profiler with.
bench_needs += $(BUILD)/bench/profiler/bench/known_time.so
$(BUILD)/bench/profiler/bench/known_time.so: profiler/bench/known_time.c base/clock.c base/clock.h \
		engines/rnnmap_engine.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(compile) -fPIC -shared -o $@ $(filter %.c,$^)
