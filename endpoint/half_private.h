// SPDX-License-Identifier: GPL-3.0-or-later
/* Halves (IEEE 754 binary16), which C has no type for everywhere. No state. */
#ifndef ENDPOINT_HALF_PRIVATE_H
#define ENDPOINT_HALF_PRIVATE_H

#include <stdint.h>

/* Exact: every half is a float. */
float half_to_float(uint16_t half);

/* The nearest half, of two the even one; beyond the largest an infinity. */
uint16_t half_from_float(float value);

#endif
