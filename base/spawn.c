// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INPUT, OUTPUT, TROUBLE, N_PIPES };

static void close_end(int *end)
{
    if (*end >= 0)
        close(*end);
    *end = -1;
}

/* Becomes the program; says why not into `trouble`, which closes by itself when it works. */
static void become(char *const *words, int in, int out, int trouble, pid_t parent, int last_signal)
{
    sigset_t none;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, last_signal);
    if (getppid() != parent) /* which ended before the line above */
        _exit(1);
    sigemptyset(&none); /* what we block or ignore would be inherited */
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
        execvp(words[0], words);
    int why = errno;
    ssize_t told = write(trouble, &why, sizeof why);
    _exit(told < 0);
}

enum status spawn(char *const *words, const char *who, int last_signal, struct spawned *spawned,
                  struct error *error)
{
    int ends[N_PIPES][2] = {{-1, -1}, {-1, -1}, {-1, -1}}, why = 0;
    pid_t pid = -1, self = getpid();
    *spawned = (struct spawned){0, -1, -1};
    for (int i = 0; i < N_PIPES && !why; i++)
        why = pipe2(ends[i], O_CLOEXEC) != 0 ? errno : 0;
    if (!why) {
        pid = fork();
        if (pid == 0)
            become(words, ends[INPUT][0], ends[OUTPUT][1], ends[TROUBLE][1], self, last_signal);
        why = pid < 0 ? errno : 0;
    }
    close_end(&ends[INPUT][0]);
    close_end(&ends[OUTPUT][1]);
    close_end(&ends[TROUBLE][1]);
    if (!why && read(ends[TROUBLE][0], &why, sizeof why) == (ssize_t)sizeof why)
        waitpid(pid, NULL, 0);
    close_end(&ends[TROUBLE][0]);
    if (why) {
        close_end(&ends[INPUT][1]);
        close_end(&ends[OUTPUT][0]);
        return error_set_errno(error, STATUS_IO, why, "%s cannot be started", who);
    }
    setpgid(pid, pid); /* both do it: whoever comes first */
    *spawned = (struct spawned){pid, ends[INPUT][1], ends[OUTPUT][0]};
    return STATUS_OK;
}
