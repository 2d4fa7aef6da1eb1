// SPDX-License-Identifier: GPL-3.0-or-later
/* What needs a process of its own or its clock: signals, time, memory. */
#include "base/test/support.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/stop.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `child` in a process of its own; its exit status, -signal when killed. */
static int in_child(int (*child)(void))
{
    int state;
    pid_t pid = fork();
    if (pid == 0)
        _exit(child());
    assert_int_equal(waitpid(pid, &state, 0), pid);
    return WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state);
}

static int first_asks(void)
{
    stop_catch();
    if (stop_asked())
        return 1;
    raise(SIGTERM);
    if (!stop_asked())
        return 2;
    raise(SIGINT); /* another kind is still the first of its kind */
    raise(SIGPIPE);
    return 0;
}

static int second_ends(void)
{
    stop_catch();
    raise(SIGINT);
    raise(SIGINT);
    return 0;
}

static int closed_pipe(void)
{
    int ends[2];
    stop_catch();
    if (pipe(ends) != 0)
        return 1;
    close(ends[0]);
    return write(ends[1], "x", 1) == -1 ? 0 : 2;
}

static void stopping(void **state)
{
    (void)state;
    assert_int_equal(in_child(first_asks), 0);
    assert_int_equal(in_child(second_ends), -SIGINT);
    assert_int_equal(in_child(closed_pipe), 0);
    assert_false(stop_asked());
}

static void time_goes_on(void **state)
{
    (void)state;
    int64_t last = clock_ns(), start = last;
    for (int i = 0; i < 10000; i++) {
        int64_t now = clock_ns();
        assert_true(now >= last);
        last = now;
    }
    clock_sleep_ns(20000000);
    assert_true(clock_ns() - start >= 20000000);
    start = clock_ns();
    clock_sleep_ns(0);
    clock_sleep_ns(-1000000000);
    assert_true(clock_ns() - start < 1000000000);
    double overhead = clock_overhead_ns(1000);
    assert_true(overhead > 0 && overhead < 1e6);
    int64_t cpu = clock_thread_cpu_ns();
    clock_sleep_ns(50000000);
    assert_true(clock_thread_cpu_ns() - cpu < 50000000); /* sleeping costs no CPU time */
}

static void arrays_grow(void **state)
{
    (void)state;
    uint64_t *array = NULL;
    size_t capacity = 0, n_grown = 0;
    for (size_t n = 0; n < 100000; n++) {
        size_t before = capacity;
        assert_int_equal(array_reserve(&array, n, &capacity, sizeof *array, NULL), STATUS_OK);
        assert_true(n < capacity);
        n_grown += capacity != before;
        array[n] = n;
    }
    assert_true(n_grown < 40);
    for (size_t n = 0; n < 100000; n++)
        assert_true(array[n] == n);
    struct error error = {0};
    uint64_t *kept = array;
    const size_t wraps = SIZE_MAX / sizeof *array / 3 * 2; /* half as much more is a few bytes */
    capacity = wraps;
    assert_int_equal(array_reserve(&array, wraps, &capacity, sizeof *array, &error),
                     STATUS_NO_MEMORY);
    assert_ptr_equal(array, kept);
    assert_true(capacity == wraps);
    free(array);
}

static void strings(void **state)
{
    (void)state;
    char *text = text_format("%s/%d", "a", 7);
    assert_string_equal(text, "a/7");
    assert_int_equal(text_replace(&text, "b", NULL), STATUS_OK);
    assert_string_equal(text, "b");
    assert_int_equal(text_replace(&text, NULL, NULL), STATUS_OK);
    assert_null(text);
    assert_null(text_copy(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopping),
        cmocka_unit_test(time_goes_on),
        cmocka_unit_test(arrays_grow),
        cmocka_unit_test(strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
