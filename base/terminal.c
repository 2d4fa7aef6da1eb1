// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

int terminal_width(FILE *stream)
{
    struct winsize size;
    int file = fileno(stream);
    if (file < 0 || !isatty(file))
        return 0;
    return ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}
