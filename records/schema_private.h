// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The store's schema as a list of steps: step i brings a file from version i to version i+1. A
 * step that has been released never changes.
 */
#ifndef RECORDS_SCHEMA_PRIVATE_H
#define RECORDS_SCHEMA_PRIVATE_H

#include <stddef.h>

enum { SCHEMA_APPLICATION_ID = 0x726e6e6d /* "rnnm" */, SCHEMA_VERSION = 6 };

extern const char *const schema_steps[SCHEMA_VERSION];

#endif
