# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# On the board: what the doctor says, as Debian has it, then set up, then of each sensor.
counters='PAPI_TOT_INS,PAPI_TOT_CYC'
echo 3 >/proc/sys/kernel/perf_event_paranoid
rnnprof doctor --counters $counters >/host/out/forbidden.txt
echo 2 >/proc/sys/kernel/perf_event_paranoid
(unset LIBPFM_FORCE_PMU; rnnprof doctor --counters $counters --json >/host/out/unknown.json)
rnnprof doctor --counters $counters --json >/host/out/bare.json
for chip in ina219 ina226 ina3221 powercap; do
    sensor $chip || exit
    rnnprof doctor --json >/host/out/$chip.json || exit
done
sensor off
