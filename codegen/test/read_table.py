#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a table as docs/table-format.md describes it, sharing no code with rnnmap's reader.

usage: read_table.py FILE.rmt < QUESTIONS
A question is "N RTT_US"; the answer "CHOOSE CHOOSE_RTT REMOTE_US". First come the names of the
sections and what they hold as text.
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
    remote = functions(found[0x03], n_targets - 1, 2 * n_max)[0]
    even = functions(found[0x04], 1, 2 * n_max)[0] if 0x04 in found else None
    print("targets", n_targets, "n_max", n_max, "name", found[0x80].decode(), "digest",
          found.get(0x81, b"").hex())
    for line in sys.stdin:
        n, rtt_us = map(int, line.split())
        choice = [target for start, target in switches if start <= n][-1]
        by_rtt = choice if even is None else int(rtt_us < even(n))
        print(choice, by_rtt, remote(n))


main()
