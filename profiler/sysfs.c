// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/sysfs.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *sysfs_path(const char *root, const char *path)
{
    return text_format("%s%s", root ? root : "", path);
}

enum status sysfs_check_root(const char *root, struct error *error)
{
    struct stat info;
    if (!root || !*root || (stat(root, &info) == 0 && S_ISDIR(info.st_mode)))
        return STATUS_OK;
    return error_set(error, STATUS_MISUSE,
                     "--sysroot: %s is no folder: name one that has the other machine's sys and "
                     "proc",
                     root);
}

static enum status refuse(const char *path, int errnum, struct error *error)
{
    struct stat info;
    if (errnum == ENOENT || errnum == ENOTDIR)
        return error_set(error, STATUS_NOT_FOUND, "%s: there is no such file", path);
    if ((errnum == EACCES || errnum == EPERM) && stat(path, &info) == 0)
        return error_set(error, STATUS_UNSUPPORTED, "%s: not permitted (mode %04o)", path,
                         (unsigned)info.st_mode & 07777);
    return error_set_errno(error,
                           errnum == EACCES || errnum == EPERM ? STATUS_UNSUPPORTED : STATUS_IO,
                           errnum, "%s", path);
}

enum status sysfs_read_text(const char *path, char *text, size_t size, struct error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold us up */
    if (file < 0)
        return refuse(path, errno, error);
    ssize_t got = read(file, text, size);
    int errnum = errno;
    close(file);
    if (got < 0)
        return refuse(path, errnum, error);
    size_t length = 0;
    while (length < (size_t)got && text[length] != '\n' && text[length] != '\0')
        length++;
    if (length == size)
        return error_set(error, STATUS_INVALID, "%s: its line is longer than %zu bytes", path,
                         size - 1);
    text[length] = '\0';
    size_t blank = strspn(text, " \t");
    memmove(text, text + blank, length - blank + 1);
    length -= blank;
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        text[--length] = '\0';
    return length > 0 ? STATUS_OK : error_set(error, STATUS_INVALID, "%s: empty", path);
}

enum status sysfs_read_integer(const char *path, int64_t *value, struct error *error)
{
    char text[64], *end;
    enum status status = sysfs_read_text(path, text, sizeof text, error);
    if (status)
        return status;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end || errno)
        return error_set(error, STATUS_INVALID, "%s: '%s' is no integer", path, text);
    *value = number;
    return STATUS_OK;
}

static int in_natural_order(const void *left, const void *right)
{
    return strverscmp(*(char *const *)left, *(char *const *)right);
}

enum status sysfs_list(const char *folder, const char *pattern, char ***names, size_t *n,
                       struct error *error)
{
    size_t capacity = 0;
    enum status status = STATUS_OK;
    *names = NULL;
    *n = 0;
    DIR *directory = opendir(folder);
    if (!directory) {
        struct error why = {0};
        status = refuse(folder, errno, &why);
        return status == STATUS_NOT_FOUND ? STATUS_OK : error_set(error, status, "%s", why.text);
    }
    for (struct dirent *entry; !status && (entry = readdir(directory));) {
        if (entry->d_name[0] == '.' || fnmatch(pattern, entry->d_name, 0) != 0)
            continue;
        status = array_reserve(names, *n, &capacity, sizeof **names, error);
        if (!status && !((*names)[*n] = text_copy(entry->d_name)))
            status =
                error_set(error, STATUS_NO_MEMORY, "out of memory for the names in %s", folder);
        *n += !status;
    }
    closedir(directory);
    if (status) {
        sysfs_list_free(*names, *n);
        *names = NULL;
        *n = 0;
        return status;
    }
    if (*n > 1)
        qsort(*names, *n, sizeof **names, in_natural_order);
    return STATUS_OK;
}

void sysfs_list_free(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}
