// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/governor.h"

#include "base/clock.h"
#include "base/memory.h"
#include "profiler/cpufreq.h"
#include "profiler/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

const char governor_wanted[] = "performance";
const char governor_remedy[] =
    "rnnprof run --set-governor, or sudo cpupower frequency-set -g performance";

static const char cpus_folder[] = "/sys/devices/system/cpu";

/* A file and what stood in it. CPUs that share a clock share a file, under several names: written
 * twice, it says the same. */
struct saved {
    char *path;
    char governor[CPUFREQ_WORD];
};

struct governor_guard {
    struct saved *saved; /* n */
    size_t n;
    int pipe; /* its other end is the guard's: closed, the guard gives back */
    int lock; /* on the folder of the CPUs, ours and the guard's; -1: there is none */
    pid_t pid;
};

char *governor_trouble(const char *sysroot, const int *cpus, size_t n, int *others,
                       size_t *n_others)
{
    char *first = NULL;
    *n_others = 0;
    for (size_t i = 0; i < n; i++) {
        struct cpufreq freq;
        cpufreq_read(sysroot, cpus[i], &freq);
        if (!freq.governor[0] || strcmp(freq.governor, governor_wanted) == 0)
            continue;
        others[(*n_others)++] = cpus[i];
        first = first ? first : text_copy(freq.governor);
    }
    return first;
}

/* Nothing but what may be called in a signal handler: the guard calls it, too. 0 or an errno. */
static int write_word(const char *path, const char *word)
{
    int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (file < 0)
        return errno;
    struct iovec line[] = {{(void *)(uintptr_t)word, strlen(word)}, {(char[]){'\n'}, 1}};
    int errnum = writev(file, line, 2) == (ssize_t)line[0].iov_len + 1 ? 0 : errno;
    return close(file) && !errnum ? errno : errnum;
}

static enum status save_one(const char *sysroot, const char *cpu, struct governor_guard *guard,
                            size_t *capacity, struct error *error)
{
    struct error why = {0};
    char *below = text_format("%s/%s/cpufreq/scaling_governor", cpus_folder, cpu);
    char *path = below ? sysfs_path(sysroot, below) : NULL;
    free(below);
    enum status status =
        array_reserve(&guard->saved, guard->n, capacity, sizeof *guard->saved, error);
    if (!status && !path)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for the governors");
    if (status) {
        free(path);
        return status;
    }
    struct saved *saved = &guard->saved[guard->n];
    status = sysfs_read_text(path, saved->governor, sizeof saved->governor, &why);
    if (!status) {
        saved->path = path;
        guard->n++;
        return STATUS_OK;
    }
    free(path);
    return status == STATUS_NOT_FOUND ? STATUS_OK : error_set(error, status, "%s", why.text);
}

static enum status save_all(const char *sysroot, struct governor_guard *guard, struct error *error)
{
    char **names = NULL, *folder = sysfs_path(sysroot, cpus_folder);
    size_t n = 0, capacity = 0;
    if (!folder)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for the governors");
    enum status status = sysfs_list(folder, "cpu[0-9]*", &names, &n, error);
    for (size_t i = 0; !status && i < n; i++)
        status = save_one(sysroot, names[i], guard, &capacity, error);
    sysfs_list_free(names, n);
    free(folder);
    if (!status && guard->n == 0)
        status = error_set(error, STATUS_NOT_FOUND,
                           "--set-governor: %s/cpu*/cpufreq/scaling_governor: there is no such "
                           "file: nothing here sets the clock (in a virtual machine its host does)",
                           cpus_folder);
    return status;
}

/*
 * One campaign at a time sets the governor, from before it looks what was there until its guard has
 * given that back: else the guard of a campaign that was killed would undo what the next one has
 * set. The lock lives as long as one of the two has it open.
 */
static enum status lock_cpus(const char *sysroot, struct governor_guard *guard, struct error *error)
{
    const int64_t patience_ns = 3000000000, began_ns = clock_ns();
    char *folder = sysfs_path(sysroot, cpus_folder);
    int opened = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    guard->lock =
        opened >= 0 ? fcntl(opened, F_DUPFD_CLOEXEC, 3) : -1; /* 0 and 1 are the guard's */
    if (opened >= 0)
        close(opened);
    free(folder);
    if (guard->lock < 0)
        return STATUS_OK; /* what is missing will be said */
    while (flock(guard->lock, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
        if (clock_ns() - began_ns > patience_ns)
            return error_set(error, STATUS_FAILED,
                             "--set-governor: another campaign has set it and gives it back at its "
                             "end; wait for that");
        clock_sleep_ns(20000000);
    }
    return STATUS_OK;
}

static void unlock_cpus(struct governor_guard *guard)
{
    if (guard->lock >= 0)
        close(guard->lock);
    guard->lock = -1;
}

/* The guard's whole life, in a process that must outlive this one: no signal of the terminal, no
 * open file of the campaign. Its exit status counts the files that it could not write. */
static void keep_guard(const struct governor_guard *guard, int end)
{
    char byte;
    int n_failed = 0;
    setsid();
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (end != 0)
        dup2(end, 0);
    if (guard->lock >= 0)
        dup2(guard->lock, 1);
    close_range(guard->lock >= 0 ? 2 : 1, ~0U, 0);
    while (read(0, &byte, 1) < 0 && errno == EINTR)
        ;
    for (size_t i = 0; i < guard->n; i++)
        n_failed += write_word(guard->saved[i].path, guard->saved[i].governor) != 0;
    _exit(n_failed < 100 ? n_failed : 100);
}

static enum status start_guard(struct governor_guard *guard, struct error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return error_set_errno(error, STATUS_IO, errno, "--set-governor: cannot make a pipe");
    guard->pid = fork();
    if (guard->pid == 0) {
        close(ends[1]);
        keep_guard(guard, ends[0]);
    }
    int errnum = errno;
    close(ends[0]);
    guard->pipe = ends[1];
    if (guard->pid > 0)
        return STATUS_OK;
    close(ends[1]);
    return error_set_errno(error, STATUS_IO, errnum, "--set-governor: cannot start its guard");
}

static enum status set_all(const struct governor_guard *guard, struct error *error)
{
    for (size_t i = 0; i < guard->n; i++) {
        const struct saved *saved = &guard->saved[i];
        char now[CPUFREQ_WORD];
        int errnum = write_word(saved->path, governor_wanted);
        if (errnum == EACCES || errnum == EPERM || errnum == EROFS)
            return error_set(error, STATUS_UNSUPPORTED,
                             "--set-governor: %s: not permitted; run as root, or first: sudo "
                             "cpupower frequency-set -g performance",
                             saved->path);
        if (errnum == EINVAL)
            return error_set(error, STATUS_UNSUPPORTED,
                             "--set-governor: %s: its driver has no governor %s "
                             "(scaling_available_governors lists those it has)",
                             saved->path, governor_wanted);
        if (errnum)
            return error_set_errno(error, STATUS_IO, errnum, "--set-governor: %s", saved->path);
        if (sysfs_read_text(saved->path, now, sizeof now, error) ||
            strcmp(now, governor_wanted) != 0)
            return error_set(error, STATUS_IO, "--set-governor: %s does not keep '%s'", saved->path,
                             governor_wanted);
    }
    return STATUS_OK;
}

static void guard_free(struct governor_guard *guard)
{
    unlock_cpus(guard);
    for (size_t i = 0; i < guard->n; i++)
        free(guard->saved[i].path);
    free(guard->saved);
    free(guard);
}

enum status governor_hold(const char *sysroot, struct governor_guard **guard, struct error *error)
{
    struct governor_guard *made = calloc(1, sizeof *made);
    *guard = NULL;
    if (!made)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for the governors");
    made->lock = -1;
    enum status status = lock_cpus(sysroot, made, error);
    if (!status)
        status = save_all(sysroot, made, error);
    if (!status)
        status = start_guard(made, error);
    if (status) {
        guard_free(made);
        return status;
    }
    status = set_all(made, error);
    if (status) {
        struct error first_one_counts = {0};
        governor_release(made, &first_one_counts);
        return status;
    }
    *guard = made;
    return STATUS_OK;
}

enum status governor_release(struct governor_guard *guard, struct error *error)
{
    int how = 0;
    enum status status = STATUS_OK;
    if (!guard)
        return STATUS_OK;
    close(guard->pipe);
    while (waitpid(guard->pid, &how, 0) < 0 && errno == EINTR)
        ;
    if (how != 0)
        status =
            error_set(error, STATUS_FAILED, "--set-governor: %s cannot be given back: it was '%s'",
                      guard->saved[0].path, guard->saved[0].governor);
    guard_free(guard);
    return status;
}
