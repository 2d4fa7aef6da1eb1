// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/outfile.h"

#include "base/memory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void forget(struct outfile *file)
{
    free(file->path);
    free(file->beside);
    *file = (struct outfile){0};
}

enum status outfile_open(struct outfile *file, const char *path, struct error *error)
{
    *file = (struct outfile){0};
    if (strcmp(path, "-") == 0) {
        file->stream = stdout;
        return STATUS_OK;
    }
    struct stat there;
    bool exists = stat(path, &there) == 0;
    bool in_place = exists && !S_ISREG(there.st_mode); /* renaming would take the device's place */
    file->path = exists && !in_place ? realpath(path, NULL) : text_copy(path);
    if (file->path && !in_place)
        file->beside = text_format("%s.%ld.part", file->path, (long)getpid());
    if (!file->path || (!file->beside && !in_place)) {
        forget(file);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a file name");
    }
    file->stream = fopen(in_place ? file->path : file->beside, "w");
    if (!file->stream) {
        enum status status =
            error_set_errno(error, STATUS_IO, errno, "%s: cannot be written", path);
        forget(file);
        return status;
    }
    return STATUS_OK;
}

enum status outfile_commit(struct outfile *file, struct error *error)
{
    enum status status = STATUS_OK;
    const char *name = file->path ? file->path : "standard output";
    bool failed = fflush(file->stream) != 0 || ferror(file->stream);
    if (!file->path) {
        if (failed)
            status = error_set_errno(error, STATUS_IO, errno, "%s: cannot be written", name);
        forget(file);
        return status;
    }
    if (file->beside)
        failed = fsync(fileno(file->stream)) != 0 || failed;
    failed = fclose(file->stream) != 0 || failed;
    if (failed || (file->beside && rename(file->beside, file->path) != 0)) {
        status = error_set_errno(error, STATUS_IO, errno, "%s: cannot be written", name);
        if (file->beside)
            unlink(file->beside);
    }
    forget(file);
    return status;
}

void outfile_abandon(struct outfile *file)
{
    if (file->path && file->stream) {
        fclose(file->stream);
        if (file->beside)
            unlink(file->beside);
    }
    forget(file);
}
