// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/ini.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* inih cuts lines at INI_MAX_LINE (200) and sections at 49 bytes without a word; we refuse. */
enum { LINE_LIMIT = 196, SECTION_LIMIT = 48 };
static const char byte_order_mark[] = "\xef\xbb\xbf";

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
    bool cut = (length == 0 || buffer[length - 1] != '\n') && !feof(r->file);
    if (cut && length < LINE_LIMIT)
        return refuse(r, "a NUL byte, so this is no text file");
    if (cut || strcspn(buffer, "\r\n") > LINE_LIMIT)
        return refuse(r, "line longer than 196 characters");
    if (r->line == 1 && strncmp(buffer, byte_order_mark, 3) == 0)
        memmove(buffer, buffer + 3, length - 2);
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

static enum status read_stream(FILE *file, const char *path, setting_handler *handler, void *user,
                               struct error *error)
{
    struct reading r = {
        .file = file, .path = path, .handler = handler, .user = user, .error = error};
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

enum status ini_read(const char *path, setting_handler *handler, void *user, struct error *error)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return error_set_errno(error, STATUS_IO, errno, "%s: cannot be opened", path);
    return read_stream(file, path, handler, user, error);
}

enum status ini_read_text(const char *text, const char *name, setting_handler *handler, void *user,
                          struct error *error)
{
    if (text[0] == '\0')
        return STATUS_OK; /* older libraries refuse to open it */
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    if (!file)
        return error_set_errno(error, STATUS_NO_MEMORY, errno, "%s: cannot be read", name);
    return read_stream(file, name, handler, user, error);
}
