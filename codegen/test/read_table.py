#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a table as docs/table-format.md describes it, sharing no code with rnnmap's reader.

usage: read_table.py FILE.rmt < QUESTIONS
A question is "N RTT_US", and the answer "CHOOSE CHOOSE_RTT REMOTE_US"; or, of a table over links,
"N" and a triple of numbers for each endpoint, and the answer "CHOOSE CHOOSE_LINKS", then REMOTE_US
of each endpoint. First comes a line about the table.
"""
import struct
import sys
import zlib


def sections(blob):
    magic, version, size = struct.unpack_from("<4sII", blob)
    assert magic == b"RNMT" and version == 1 and size <= len(blob)
    assert zlib.crc32(blob[: size - 4]) == struct.unpack_from("<I", blob, size - 4)[0]
    found, at = {}, 12
    while at < size - 4:
        (word,) = struct.unpack_from("<I", blob, at)
        kind, length = word & 0xFF, word >> 8
        assert not found or kind > max(found)
        found[kind] = blob[at + 4 : at + 4 + length]
        assert len(found[kind]) == length and at + 4 + length <= size - 4
        at += 4 + length
    return found


class Function:
    """The next one of a section's bytes, which are taken from `rest`."""

    def __init__(self, rest, limit):
        self.kind, self.shift, n = struct.unpack("<BBH", take(rest, 4))
        self.limit, self.offset = limit, 0
        if self.kind == 0:
            self.rows = list(struct.iter_unpack("<Iqq", take(rest, 20 * n)))
        else:
            (self.offset,) = struct.unpack("<I", take(rest, 4))
            code = {1: "H", 2: "I"}[self.kind]
            self.rows = struct.unpack(f"<{n}{code}", take(rest, struct.calcsize(f"<{n}{code}")))

    def __call__(self, n):
        m = min(n, self.limit)
        if self.kind:
            return self.rows[min((m + self.offset) >> self.shift, len(self.rows) - 1)]
        start, at, slope = [row for row in self.rows if row[0] <= m][-1]
        return max(at + slope * (m - start), 0) >> self.shift


def take(rest, n):
    taken = bytes(rest[:n])
    assert len(taken) == n
    del rest[:n]
    return taken


class Form:
    def __init__(self, rest, limit):
        self.base, self.terms = Function(rest, limit), []
        for _ in range(3):
            shift = take(rest, 1)[0]
            self.terms.append(None if shift == 0xFF else (shift, Function(rest, limit)))

    def __call__(self, n, link):
        value = self.base(n) % 2**32
        for term, number in zip(self.terms, link):
            if term:
                value += number * (term[1](n) % 2**32) >> term[0]
        return value


class Links:
    def __init__(self, payload, n_targets, limit):
        rest = bytearray(payload)
        self.rule, n_forms, self.limit = struct.unpack("<BBQ", take(rest, 10))
        self.forms = [[Form(rest, limit) for _ in range(n_forms)] for _ in range(n_targets)]
        assert not rest

    def key(self, forms, n, link):
        values = [form(n, link) for form in forms]
        if self.rule == 2:
            return (1, values[0]) if values[0] > self.limit else (0, values[1])
        return (0, values[0] if self.rule == 0 else values[0] * values[1])

    def __call__(self, n, links):
        keys = [self.key(f, n, link) for f, link in zip(self.forms, [(0, 0, 0)] + links)]
        return keys.index(min(keys))


def functions(payload, count, limit):
    rest = bytearray(payload)
    found = [Function(rest, limit) for _ in range(count)]
    assert not rest
    return found


def main():
    with open(sys.argv[1], "rb") as file:
        found = sections(file.read())
    n_max, n_targets = struct.unpack("<IB", found[0x01])
    switches = list(struct.iter_unpack("<IB", found[0x02]))
    remotes = functions(found[0x03], n_targets - 1, 2 * n_max)
    links = Links(found[0x05], n_targets, 2 * n_max) if 0x05 in found else None
    even = functions(found[0x04], 1, 2 * n_max)[0] if 0x04 in found else None
    print("targets", n_targets, "n_max", n_max, "name", found[0x80].decode(), "digest",
          found.get(0x81, b"").hex())
    for line in sys.stdin:
        n, *state = map(int, line.split())
        choice = [target for start, target in switches if start <= n][-1]
        if len(state) == 1:
            by_link = choice if even is None else int(state[0] < even(n))
        else:
            triples = [tuple(state[i : i + 3]) for i in range(0, len(state), 3)]
            by_link = choice if links is None else links(n, triples)
        print(choice, by_link, *(remote(n) % 2**32 for remote in remotes))


main()
