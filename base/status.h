// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Outcomes of functions, and the one message that a person reads when something goes wrong.
 *
 * A function that can fail returns an enum status and takes a `struct error *` last (NULL: not
 * wanted). Whoever first knows what was wrong writes the message; callers further up may put
 * their context in front of it (a file, a line, a URL) but never replace it.
 *
 * Thread rule: an error belongs to one thread at a time.
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

enum status {
    STATUS_OK = 0,
    STATUS_FAILED = -1,    /* the message says why; no caller needs to tell it from others */
    STATUS_MISUSE = -2,    /* the command line asks for something that makes no sense */
    STATUS_INVALID = -3,   /* malformed input: a file, a message, a value */
    STATUS_IO = -4,        /* the system refused to read, write, connect or execute */
    STATUS_NOT_FOUND = -5, /* a named thing is not there */
    STATUS_NO_MEMORY = -6,
    STATUS_UNSUPPORTED = -7, /* valid, but not possible on this machine or in this build */
    STATUS_TIMEOUT = -8,
    STATUS_PROTOCOL = -9,     /* a peer answered, but not in the agreed way */
    STATUS_EXTERNAL = -10,    /* a library reported a failure */
    STATUS_INTERRUPTED = -11, /* SIGINT or SIGTERM asked to stop */
    STATUS_NOT_REACHED = -12, /* done, but something asked for was not reached (a stop rule) */
};

enum { ERROR_TEXT_SIZE = 1024 };

struct error {
    enum status code;
    char text[ERROR_TEXT_SIZE]; /* one line, no newline at its end */
};

/* Exit statuses of every tool. */
enum tool_exit { TOOL_DONE = 0, TOOL_FAILED = 1, TOOL_MISUSE = 2, TOOL_NOT_REACHED = 3 };

/* Writes the message unless one is there already. Returns `code`, so that it can be returned on. */
enum status error_set(struct error *error, enum status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As error_set, with ": " and strerror(errnum) appended. */
enum status error_set_errno(struct error *error, enum status code, int errnum, const char *format,
                            ...) __attribute__((format(printf, 4, 5)));

/* Puts "FORMAT: " in front of a message that is there; does nothing otherwise. */
void error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Forgets the message, so that the error can be used again. */
void error_clear(struct error *error);

/* The exit status that stands for a status. */
enum tool_exit status_exit(enum status code);

#endif
