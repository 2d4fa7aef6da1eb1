// SPDX-License-Identifier: 0BSD
/*
 * The line of choices.h on this machine, for boards to be compared with.
 *
 *     $ gcc -std=c99 -O2 host.c -o host
 *     $ ./host
 */
#include "choices.h"

#include <stdio.h>

int main(void)
{
    char text[CHOICES_TEXT_SIZE];
    choices_make(text);
    return fputs(text, stdout) < 0;
}
