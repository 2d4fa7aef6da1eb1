// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/ini.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* inih cuts lines at INI_MAX_LINE (200) and sections at 49 bytes without a word; we refuse. */
enum { LINE_LIMIT = 196, SECTION_LIMIT = 48 };

struct reading {
    FILE *file;
    const char *path;
    int line;
    bool in_section;
    setting_handler *handler;
    void *user;
    struct error *error;
    enum status status;
};

static char *refuse(struct reading *r, const char *why)
{
    r->status = error_set(r->error, STATUS_INVALID, "%s:%d: %s", r->path, r->line, why);
    return NULL;
}

/* Hands inih one line; NULL ends the reading, at the end of the file or at what inih would take
 * amiss. */
static char *next_line(char *buffer, int size, void *stream)
{
    struct reading *r = stream;
    if (r->status || !fgets(buffer, size, r->file))
        return NULL;
    r->line++;
    size_t length = strlen(buffer);
    if (length > LINE_LIMIT || (buffer[length - 1] != '\n' && !feof(r->file)))
        return refuse(r, "line longer than 196 characters");
    const char *text = buffer + strspn(buffer, " \t\r\n");
    if (*text == '\0' || *text == '#' || *text == ';')
        return buffer;
    if (text != buffer)
        return refuse(r, "line starts with white space (values cannot go on over several lines)");
    if (*text == '[') {
        const char *end = strchr(text, ']');
        if (!end || end == text + 1)
            return refuse(r, "section header without a name in [ ]");
        if (end - text > SECTION_LIMIT)
            return refuse(r, "section name longer than 47 characters");
        r->in_section = true;
    } else if (!strpbrk(text, "=:")) {
        return refuse(r, "neither '[section]' nor 'key = value'");
    } else if (!r->in_section) {
        return refuse(r, "a key before the first [section]");
    }
    return buffer;
}

static int take(void *user, const char *section, const char *key, const char *value)
{
    struct reading *r = user;
    if (r->status || !key)
        return 1;
    char where[512];
    snprintf(where, sizeof where, "%s:%d", r->path, r->line);
    struct ini_setting setting = {where, section, key, value ? value : ""};
    r->status = r->handler(r->user, &setting, r->error);
    return r->status == STATUS_OK;
}

enum status ini_read(const char *path, setting_handler *handler, void *user, struct error *error)
{
    struct reading r = {.file = fopen(path, "r"),
                        .path = path,
                        .handler = handler,
                        .user = user,
                        .error = error};
    if (!r.file)
        return error_set_errno(error, STATUS_IO, errno, "%s: cannot be opened", path);
    int line = ini_parse_stream(next_line, &r, take, &r);
    if (!r.status && ferror(r.file))
        r.status = error_set_errno(error, STATUS_IO, errno, "%s: cannot be read", path);
    if (!r.status && line > 0)
        r.status = error_set(error, STATUS_INVALID, "%s:%d: malformed line", path, line);
    if (!r.status && line < 0)
        r.status = error_set(error, STATUS_NO_MEMORY, "%s: out of memory", path);
    fclose(r.file);
    return r.status;
}
