// SPDX-License-Identifier: 0BSD
/*
 * The header on an AVR of 8 bits, the ATmega328P of an Arduino Uno. Text leaves by the serial port.
 *
 *     $ avr-gcc -std=c99 -Os -mmcu=atmega328p avr.c -o avr.elf
 *     $ simavr -m atmega328p -f 16000000 avr.elf
 */
#include "choices.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>

static void serial_put(const char *text)
{
    UCSR0B = 1 << TXEN0;
    for (; *text != '\0'; text++) {
        while (!(UCSR0A & (1 << UDRE0))) {
        }
        UDR0 = (uint8_t)*text;
    }
    while (!(UCSR0A & (1 << UDRE0))) {
    }
}

int main(void)
{
    static char text[CHOICES_TEXT_SIZE];
    choices_make(text);
    serial_put(text);
    cli();
    sleep_mode(); /* for ever: the emulator ends here */
    return 0;
}
