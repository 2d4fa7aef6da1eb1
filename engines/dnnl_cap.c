// SPDX-License-Identifier: GPL-3.0-or-later
#include "engines/dnnl_cap_private.h"

#include "engines/isa_private.h"

#include <dnnl.h>
#include <stdlib.h>

/* Each value holds the bits of the sets it includes. */
static const dnnl_cpu_isa_t values[] = {
    [ISA_SSE41] = dnnl_cpu_isa_sse41,
    [ISA_AVX] = dnnl_cpu_isa_avx,
    [ISA_AVX2] = dnnl_cpu_isa_avx2,
    [ISA_AVX512] = dnnl_cpu_isa_avx512_core,
    [ISA_AVX512_VNNI] = dnnl_cpu_isa_avx512_core_vnni,
    [ISA_AVX512_BF16] = dnnl_cpu_isa_avx512_core_bf16,
};
_Static_assert(sizeof values / sizeof values[0] == N_ISAS, "one value a set");

/* What oneDNN uses at least on this CPU under a cap. */
static unsigned least(enum isa cap)
{
    unsigned bits = 0;
    for (int i = 0; i <= (int)cap; i++) {
        if (isa_present((enum isa)i))
            bits |= (unsigned)values[i];
    }
    return bits;
}

/* The best set among the bits, for the message. */
static const char *best(unsigned bits)
{
    const char *name = "none";
    for (int i = 0; i < N_ISAS; i++) {
        if (((unsigned)values[i] & ~bits) == 0)
            name = isa_name((enum isa)i);
    }
    return name;
}

/*
 * The library keeps the cap and tells only what it uses, which is the cap or what the CPU has of
 * it. So a cap stands if nothing beyond it is used and nothing is missing that it and the CPU
 * allow.
 */
enum status dnnl_cap_settle(const char *isa, struct error *error)
{
    enum isa cap = N_ISAS - 1;
    if (isa) {
        enum status status = isa_parse(isa, &cap, error);
        if (status)
            return status;
        if (!isa_possible())
            return error_set(error, STATUS_UNSUPPORTED,
                             "isa=%s: caps exist on x86 only; leave isa out", isa);
        /* a refusal means that the cap is settled: the check below decides */
        dnnl_set_max_cpu_isa(values[cap]);
    } else if (!isa_possible() || getenv("DNNL_MAX_CPU_ISA") || getenv("ONEDNN_MAX_CPU_ISA")) {
        return STATUS_OK;
    }
    unsigned used = (unsigned)dnnl_get_effective_cpu_isa();
    if ((least(cap) & ~used) == 0 && (!isa || (used & ~(unsigned)values[cap]) == 0))
        return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED,
                     "isa=%s: oneDNN already runs with %s in this process, and the cap can be "
                     "set only once; use one cap per process",
                     isa ? isa : "(no cap)", best(used));
}
