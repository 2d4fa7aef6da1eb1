// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Settings files in INI form. The grammar is inih's, with its silent cuts made errors: a line or a
 * section name that is too long, a key before the first section and a malformed line are refused
 * with file:line.
 */
#ifndef BASE_INI_H
#define BASE_INI_H

#include "base/status.h"

/*
 * One setting of a file. `where` is "file:line", for messages; the strings live until the handler
 * returns. A handler that returns anything but STATUS_OK ends the reading; its message is kept.
 */
struct ini_setting {
    const char *where;
    const char *section, *key, *value;
};

typedef enum status setting_handler(void *user, const struct ini_setting *setting,
                                    struct error *error);

/* Calls `handler` for each setting of `path`, in order.
 * STATUS_IO: it cannot be read.  STATUS_INVALID: it is malformed.  Else what the handler returned.
 */
enum status ini_read(const char *path, setting_handler *handler, void *user, struct error *error);

/* The same of a text in memory, which messages call `name`. */
enum status ini_read_text(const char *text, const char *name, setting_handler *handler, void *user,
                          struct error *error);

#endif
