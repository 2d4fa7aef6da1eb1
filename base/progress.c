// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/progress.h"

#include "base/clock.h"
#include "base/terminal.h"
#include "base/units.h"

#include <string.h>

static const int64_t quiet_ns = 2000000000, redraw_ns = 200000000, line_ns = 10000000000;

void progress_start(struct progress *progress, FILE *stream, const char *what)
{
    *progress = (struct progress){.stream = stream,
                                  .what = what,
                                  .terminal = stream && terminal_width(stream) > 0,
                                  .started_ns = clock_ns()};
    progress->last_ns = progress->started_ns;
}

static void draw_bar(FILE *stream, const char *text, double done)
{
    int width = terminal_width(stream) - 1, bar = width - (int)strlen(text) - 3;
    fputs("\r\033[K", stream);
    if (bar >= 10) {
        if (bar > 40)
            bar = 40;
        int full = (int)(done * bar);
        fputc('[', stream);
        for (int i = 0; i < bar; i++)
            fputc(i < full ? '#' : '.', stream);
        fputs("] ", stream);
    }
    fprintf(stream, "%.*s", width, text);
    fflush(stream);
}

void progress_update(struct progress *progress, double done, const char *note)
{
    if (!progress->stream)
        return;
    int64_t now = clock_ns();
    if (now - progress->started_ns < quiet_ns ||
        now - progress->last_ns < (progress->terminal ? redraw_ns : line_ns))
        return;
    progress->last_ns = now;
    done = done < 0 ? 0 : done > 1 ? 1 : done;
    char left[UNITS_TEXT_SIZE] = "?", text[160];
    double elapsed = (double)(now - progress->started_ns) * 1e-9;
    if (done > 0.01)
        format_duration(elapsed * (1 - done) / done, left);
    snprintf(text, sizeof text, "%s %3.0f %%, about %s left%s%s", progress->what, 100 * done, left,
             note ? ", " : "", note ? note : "");
    if (progress->terminal)
        draw_bar(progress->stream, text, done);
    else
        fprintf(progress->stream, "%s\n", text);
    progress->shown = true;
}

void progress_hide(struct progress *progress)
{
    if (progress->stream && progress->terminal && progress->shown) {
        fputs("\r\033[K", progress->stream);
        fflush(progress->stream);
    }
    progress->shown = false;
}
