// SPDX-License-Identifier: 0BSD
/*
 * The header in C++.
 *
 *     $ g++ -std=c++11 -O2 product.cpp -o product_cpp
 *     $ ./product_cpp
 */
#include "choices.h"

#include <iostream>

int main()
{
    char text[CHOICES_TEXT_SIZE];
    choices_make(text);
    std::cout << text;
    return std::cout.fail() ? 1 : 0;
}
