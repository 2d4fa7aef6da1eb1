// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/tracelog.h"

#include "base/csv.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char header[] = "t_s,rtt_ms,up_mbps,down_mbps\n";
static const char gap[] = "# goes on after a pause, whose length is left out\n";
static const char *const names[] = {"t_s", "rtt_ms", "up_mbps", "down_mbps"};
enum { N_FIELDS = 1 + N_LINK_COLUMNS, MAX_LINE = 256 };

/* All of it or nothing. */
static enum status put(struct tracelog *log, const char *text, struct error *error)
{
    size_t n = strlen(text);
    off_t before = lseek(log->file, 0, SEEK_END);
    ssize_t done = write(log->file, text, n);
    if (done == (ssize_t)n)
        return STATUS_OK;
    int why = done < 0 ? errno : ENOSPC;
    if (before >= 0 && ftruncate(log->file, before) != 0)
        why = errno;
    return error_set_errno(error, STATUS_IO, why, "%s: cannot be written", log->path);
}

static enum status keep(struct tracelog *log, const struct trace_row *row, struct error *error)
{
    enum status status =
        array_reserve(&log->rows, log->n_rows, &log->capacity, sizeof *log->rows, error);
    if (!status)
        log->rows[log->n_rows++] = *row;
    return status;
}

/* Whether the file begins as we would begin it, as far as it goes. */
static bool is_ours(int file)
{
    char start[sizeof header] = "";
    ssize_t n = pread(file, start, sizeof header - 1, 0);
    return n >= 0 && memcmp(start, header, (size_t)n) == 0;
}

/* Takes out what follows the last end of a line. */
static enum status mend(struct tracelog *log, struct error *error)
{
    off_t size = lseek(log->file, 0, SEEK_END), end = size;
    char c = '\0';
    while (end > 0 && size - end < MAX_LINE && pread(log->file, &c, 1, end - 1) == 1 && c != '\n')
        end--;
    if (end > 0 && c != '\n')
        return error_set(error, STATUS_INVALID, "%s: its last line is too long for a trace",
                         log->path);
    if (end < size && ftruncate(log->file, end) != 0)
        return error_set_errno(error, STATUS_IO, errno, "%s: cannot be mended", log->path);
    return end == 0 ? put(log, header, error) : STATUS_OK;
}

static enum status read_row(const struct csv *csv, const int fields[N_FIELDS],
                            struct trace_row *row, struct error *error)
{
    enum status status = csv_real(csv, fields[0], &row->t_s, error);
    for (int c = 0; !status && c < N_LINK_COLUMNS; c++) {
        double value = NAN;
        if (csv_text(csv, fields[c + 1])[0] != '\0')
            status = csv_real(csv, fields[c + 1], &value, error);
        row->values[c] = value * link_column_unit((enum link_column)c);
    }
    return status;
}

static enum status recall(struct tracelog *log, struct error *error)
{
    struct csv *csv;
    int fields[N_FIELDS];
    bool more = true;
    enum status status = csv_open(log->path, &csv, error);
    if (status)
        return status;
    for (int i = 0; !status && i < N_FIELDS; i++)
        status = csv_require(csv, names[i], &fields[i], error);
    while (!status && !(status = csv_next(csv, &more, error)) && more) {
        struct trace_row row;
        status = read_row(csv, fields, &row, error);
        if (!status && log->n_rows > 0 && row.t_s < log->rows[log->n_rows - 1].t_s)
            status = csv_error(csv, fields[0], error, "goes back: rows must be in order of time");
        if (!status)
            status = keep(log, &row, error);
    }
    csv_close(csv);
    return status;
}

static enum status go_on(struct tracelog *log, struct error *error)
{
    if (!is_ours(log->file))
        return error_set(error, STATUS_INVALID,
                         "%s:1: not a trace to go on with: its first line is not '%.*s'", log->path,
                         (int)strlen(header) - 1, header);
    enum status status = mend(log, error);
    if (!status)
        status = recall(log, error);
    return !status && log->n_rows > 0 ? put(log, gap, error) : status;
}

enum status tracelog_open(const char *path, bool resume, struct tracelog *log, struct error *error)
{
    *log = (struct tracelog){.path = text_copy(path), .file = -1};
    if (!log->path)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a file name");
    log->file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_APPEND, 0666);
    bool fresh = log->file >= 0;
    enum status status = STATUS_OK;
    if (!fresh && errno == EEXIST && !resume)
        status = error_set(error, STATUS_FAILED,
                           "%s: is there already: --resume goes on with it, another name starts a "
                           "new one",
                           path);
    else if (!fresh && errno == EEXIST)
        log->file = open(path, O_RDWR | O_CLOEXEC | O_APPEND);
    if (!status && log->file < 0)
        status = error_set_errno(error, STATUS_IO, errno, "%s: cannot be written", path);
    if (!status && flock(log->file, LOCK_EX | LOCK_NB) != 0)
        status = error_set_errno(error, STATUS_IO, errno, "%s: another process writes it", path);
    if (!status)
        status = fresh ? put(log, header, error) : go_on(log, error);
    if (status)
        tracelog_close(log);
    return status;
}

static void format_cell(double value, const char *format, char *text, size_t size)
{
    text[0] = '\0';
    if (!isnan(value))
        snprintf(text, size, format, value);
}

enum status tracelog_append(struct tracelog *log, const struct trace_row *row, struct error *error)
{
    static const char *const formats[N_LINK_COLUMNS] = {"%.4f", "%.6g", "%.6g"};
    char cells[N_LINK_COLUMNS][32], line[MAX_LINE];
    for (int c = 0; c < N_LINK_COLUMNS; c++)
        format_cell(row->values[c] / link_column_unit((enum link_column)c), formats[c], cells[c],
                    sizeof cells[c]);
    snprintf(line, sizeof line, "%.4f,%s,%s,%s\n", row->t_s, cells[COLUMN_RTT], cells[COLUMN_UP],
             cells[COLUMN_DOWN]);
    enum status status = put(log, line, error);
    return status ? status : keep(log, row, error);
}

void tracelog_close(struct tracelog *log)
{
    if (log->file >= 0)
        close(log->file);
    free(log->path);
    free(log->rows);
    *log = (struct tracelog){.file = -1};
}
