# SPDX-License-Identifier: 0BSD
"""
The header in Python, by ctypes. Prints the line of choices.h, written down again.

    $ gcc -std=c99 -O2 -fPIC -shared shared.c -o imdb.so
    $ python3 product.py
"""
import ctypes
import os

M32 = 0xFFFFFFFF
imdb = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "imdb.so"))
imdb.choose.argtypes = imdb.remote_us.argtypes = [ctypes.c_uint32]
imdb.choose_rtt.argtypes = [ctypes.c_uint32, ctypes.c_uint32]
imdb.remote_us.restype = ctypes.c_uint32

random, cloud, fnv = 1, 0, 2166136261


def draw():
    global random
    random ^= random << 13 & M32
    random ^= random >> 17
    random ^= random << 5 & M32
    return random


def add(word):
    global fnv
    fnv = (fnv ^ word) * 16777619 & M32


def break_even(n):
    even = 0
    for bit in reversed(range(32)):
        if imdb.choose_rtt(n, even | (1 << bit) - 1):
            even |= 1 << bit
    return even


for _ in range(100000):
    size, n = draw(), draw()
    rtt_us = draw() >> (size & 31)
    n >>= 16 + (size >> 8 & 15) if size & 0x3000 else 0
    fixed, now = imdb.choose(n), imdb.choose_rtt(n, rtt_us)
    cloud += now
    add(fixed << 1 | now)
    add(imdb.remote_us(n))
for i in range(1024):
    add(imdb.choose(i))
for i in range(64):
    add(break_even(i * i // 4))
print("cloud %08x hash %08x" % (cloud, fnv))
