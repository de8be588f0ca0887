#!/usr/bin/env python3
"""Verifies a Gatehouse journal by docs/journal-format.md alone: verify-journal.py journal.sqlite"""
import hashlib
import json
import sqlite3
import struct
import sys


def chunk(value):
    data = value if isinstance(value, bytes) else str(value).encode()
    return struct.pack(">I", len(data)) + data


def problems(db):
    db.text_factory = bytes
    personal = {}
    for slot, *rest in db.execute("SELECT slot, field, wall_ms, erased, salt, value FROM personal"):
        personal.setdefault(slot // 8, []).append(rest)
    previous, last, erased, ordered = bytes(32), 0, 0, 0
    for sequence, *columns, stored in db.execute("SELECT * FROM entry ORDER BY sequence"):
        if sequence != last + 1:
            yield f"entry {sequence}: entry {last + 1} is missing before it"
        kind, _, _, wall, facts, commitments = columns
        covered = b"".join(map(chunk, [b"gatehouse-journal-1", sequence, *columns]))
        if hashlib.sha256(previous + covered).digest() != stored:
            yield f"entry {sequence}: its hash does not follow"
        expected = json.loads(commitments)
        for field, time, gone, salt, value in personal.pop(sequence, []):
            commitment = expected.pop(field.decode(), None)
            erased += gone
            matches = hashlib.sha256(salt + value).hexdigest() == commitment
            right = not any(salt + value) if gone else matches
            if commitment is None or time != wall or not right:
                yield f"entry {sequence}: personal field {field.decode()} was changed"
        if expected:
            yield f"entry {sequence}: personal fields were taken out: {sorted(expected)}"
        if kind == b"erasure":
            ordered += int(json.loads(facts).get("fields", 0))
        previous, last = stored, sequence
    if db.execute("SELECT sequence, hash FROM head").fetchall() != [(last, previous)]:
        yield f"entry {last}: the head is another entry: the tail was cut off or put on"
    if personal or erased != ordered:
        yield f"entry {last}: {erased} fields are erased, erasure entries tell of {ordered}"


if len(sys.argv) != 2:
    print(f"usage: {sys.argv[0]} journal.sqlite", file=sys.stderr)
    sys.exit(2)
try:
    found = list(problems(sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)))
except sqlite3.Error as error:
    print(f"{sys.argv[1]}: {error}; name a journal that you may read", file=sys.stderr)
    sys.exit(2)
print(*(found or ["intact"]), sep="\n")
sys.exit(1 if found else 0)
