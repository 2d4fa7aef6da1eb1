// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/lockfile.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct lockfile {
    char *path;
    int file;
};

/* "/real/folder/NAME.lock" for the file, or for the one that is to be made there. */
static char *lock_path(const char *path)
{
    char *real = realpath(path, NULL);
    if (!real) {
        const char *slash = strrchr(path, '/');
        char *folder = slash ? text_format("%.*s/", (int)(slash - path), path) : text_copy(".");
        char *real_folder = folder ? realpath(folder, NULL) : NULL;
        if (real_folder)
            real = text_format("%s/%s", real_folder, slash ? slash + 1 : path);
        free(folder);
        free(real_folder);
    }
    char *lock = real ? text_format("%s.lock", real) : NULL;
    free(real);
    return lock;
}

/* Names the process that holds the lock, as far as it is known. */
static enum status refuse(int file, const char *path, struct error *error)
{
    struct flock held = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char who[160] = "", process[32] = "another process";
    ssize_t n = pread(file, who, sizeof who - 1, 0);
    who[n > 0 ? n : 0] = '\0';
    who[strcspn(who, "\n")] = '\0';
    /* no process: it has just ended, or it is one of another container or host */
    if (fcntl(file, F_GETLK, &held) == 0 && held.l_type != F_UNLCK && held.l_pid > 0)
        snprintf(process, sizeof process, "process %ld", (long)held.l_pid);
    return error_set(error, STATUS_FAILED,
                     "%s: %s is at work on it%s%s%s; wait until it is done, end it, or use another "
                     "file",
                     path, process, *who ? " (" : "", who, *who ? ")" : "");
}

/* Whether the open file still has its name: whoever held the lock before has removed it, else. */
static bool is_there(const struct lockfile *lock)
{
    struct stat open_one, named;
    return fstat(lock->file, &open_one) == 0 && stat(lock->path, &named) == 0 &&
           open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

/* STATUS_NOT_FOUND: the file that was locked has been removed meanwhile. */
static enum status try_to_take(struct lockfile *lock, const char *path, struct error *error)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    lock->file = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock->file < 0)
        return error_set_errno(error, STATUS_IO, errno, "%s: its lock file %s cannot be written",
                               path, lock->path);
    if (fcntl(lock->file, F_SETLK, &whole) == 0)
        return is_there(lock) ? STATUS_OK : STATUS_NOT_FOUND;
    if (errno == EACCES || errno == EAGAIN)
        return refuse(lock->file, path, error);
    return error_set_errno(error, STATUS_IO, errno,
                           "%s: cannot be locked there; use a file on a local disk", path);
}

static void drop(struct lockfile *lock)
{
    if (lock->file >= 0)
        close(lock->file);
    lock->file = -1;
}

/* For people alone: what it holds, or that it cannot be written (a full disk), changes nothing. */
static void sign(const struct lockfile *lock, const char *who)
{
    char text[160];
    int n = snprintf(text, sizeof text, "%.150s\n", who);
    if (ftruncate(lock->file, 0) == 0 && pwrite(lock->file, text, (size_t)n, 0) != n)
        (void)!ftruncate(lock->file, 0);
}

enum status lockfile_take(const char *path, const char *who, struct lockfile **lock,
                          struct error *error)
{
    struct lockfile taken = {.path = lock_path(path), .file = -1};
    if (!taken.path)
        return error_set_errno(error, STATUS_IO, errno, "%s: cannot be made there", path);
    enum status status;
    while ((status = try_to_take(&taken, path, error)) == STATUS_NOT_FOUND)
        drop(&taken);
    struct lockfile *kept = status ? NULL : malloc(sizeof *kept);
    if (!kept) {
        drop(&taken);
        free(taken.path);
        return status ? status : error_set(error, STATUS_NO_MEMORY, "out of memory for a lock");
    }
    sign(&taken, who);
    *kept = taken;
    *lock = kept;
    return STATUS_OK;
}

void lockfile_release(struct lockfile *lock)
{
    if (!lock)
        return;
    unlink(lock->path); /* while it is held: nobody else has locked it */
    drop(lock);
    free(lock->path);
    free(lock);
}
