// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/half_private.h"

#include <math.h>

enum { EXPONENT = 0x1f, FRACTION_BITS = 10, BIAS = 15 };

float half_to_float(uint16_t half)
{
    int exponent = half >> FRACTION_BITS & EXPONENT;
    float fraction = (float)(half & 0x3ff), value;
    if (exponent == EXPONENT)
        value = half & 0x3ff ? NAN : INFINITY;
    else if (exponent == 0)
        value = ldexpf(fraction, 1 - BIAS - FRACTION_BITS);
    else
        value = ldexpf(fraction + 1024, exponent - BIAS - FRACTION_BITS);
    return half & 0x8000 ? -value : value;
}

uint16_t half_from_float(float value)
{
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    float size = fabsf(value);
    int exponent;
    if (isnan(value))
        return sign | 0x7e00;
    if (size >= 65520) /* half a step above the largest */
        return sign | 0x7c00;
    if (size < 0x1p-14f) /* subnormal */
        return (uint16_t)(sign + nearbyintf(ldexpf(size, BIAS - 1 + FRACTION_BITS)));
    frexpf(size, &exponent); /* size in 2^(exponent - 1) .. 2^exponent */
    /* 1024..2048 in steps of the exponent: a carry out of the fraction is the next exponent */
    float steps = nearbyintf(ldexpf(size, FRACTION_BITS + 1 - exponent));
    return (uint16_t)(sign + ((exponent - 1 + BIAS) << FRACTION_BITS) + (int)steps - 1024);
}
