// SPDX-License-Identifier: GPL-3.0-or-later
#include "engines/isa_private.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {
    [ISA_SSE41] = "sse41",
    [ISA_AVX] = "avx",
    [ISA_AVX2] = "avx2",
    [ISA_AVX512] = "avx512",
    [ISA_AVX512_VNNI] = "avx512_vnni",
    [ISA_AVX512_BF16] = "avx512_bf16",
};
_Static_assert(sizeof names / sizeof names[0] == N_ISAS, "one name a set");

enum status isa_parse(const char *name, enum isa *isa, struct error *error)
{
    char list[128] = "";
    size_t used = 0;
    for (int i = 0; i < N_ISAS; i++) {
        if (strcmp(names[i], name) == 0) {
            *isa = (enum isa)i;
            return STATUS_OK;
        }
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
    }
    return error_set(error, STATUS_INVALID, "'%s' is not an instruction set; there are: %s", name,
                     list);
}

const char *isa_name(enum isa isa)
{
    return names[isa];
}

#if defined(__x86_64__) || defined(__i386__)

bool isa_possible(void)
{
    return true;
}

bool isa_present(enum isa isa)
{
    /* the builtin wants literals, so this is no table */
    bool core = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    bool vnni = core && __builtin_cpu_supports("avx512vnni");
    switch (isa) {
    case ISA_SSE41:
        return __builtin_cpu_supports("sse4.1");
    case ISA_AVX:
        return __builtin_cpu_supports("avx");
    case ISA_AVX2:
        return __builtin_cpu_supports("avx2");
    case ISA_AVX512:
        return core;
    case ISA_AVX512_VNNI:
        return vnni;
    case ISA_AVX512_BF16:
        return vnni && __builtin_cpu_supports("avx512bf16");
    case N_ISAS:
        break;
    }
    return false;
}

#else

bool isa_possible(void)
{
    return false;
}

bool isa_present(enum isa isa)
{
    (void)isa;
    return false;
}

#endif
