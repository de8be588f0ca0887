#!/usr/bin/env python3
"""Draws what a command shows on a terminal.  terminal.py OUT.svg SECONDS COMMAND...

Runs COMMAND on a pseudo-terminal and writes the last whole picture that was drawn before SECONDS had passed.
"""
import html
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import fcntl
import time
import unicodedata

COLUMNS, ROWS = 104, 46
CELL, LINE = 8.4, 18
COLOURS = {"31": "#ff7b72", "32": "#7ee787", "2": "#8b949e", "1": "#ffffff"}


def capture(seconds, command):
    """The command's output up to the moment, and its end is waited for."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(command, stdin=side, stdout=side, stderr=side, close_fds=True)
    os.close(side)
    taken, begun = b"", time.monotonic()
    while True:
        if not select.select([main], [], [], 0.2)[0] and process.poll() is not None:
            break
        try:
            part = os.read(main, 65536)
        except OSError:
            break
        if time.monotonic() - begun < seconds:
            taken += part
        else:
            sys.stdout.buffer.write(part)
    process.wait()
    return taken.decode("utf8", "replace")


def picture(text):
    """The lines of the last redraw that is whole."""
    frames = [f for f in text.split("\x1b[H")[1:] if "\x1b[J" in f]
    return (frames[-1].split("\x1b[J")[0] if frames else text).replace("\r", "").split("\n")


def spans(line):
    """[(column, text, style)], with columns as a terminal counts them."""
    column, style, out = 0, "0", []
    for part in re.split(r"(\x1b\[[0-9;?]*[a-zA-Z])", line):
        if part.startswith("\x1b["):
            if part.endswith("m"):
                style = part[2:-1] or "0"
            continue
        if part:
            out.append((column, part, style))
            column += sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in part)
    return out


def svg(lines):
    while lines and not lines[-1].strip():
        lines.pop()
    width, height = COLUMNS * CELL + 32, len(lines) * LINE + 32
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">',
           '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>',
           '<g font-family="DejaVu Sans Mono, Noto Sans Mono CJK SC, Consolas, monospace" font-size="14" fill="#c9d1d9" xml:space="preserve">']
    for row, line in enumerate(lines):
        for column, text, style in spans(line):
            if not text.strip():
                continue
            colour = next((COLOURS[s] for s in style.split(";") if s in COLOURS), None)
            # Each word has its column, so that the table stands in any font.
            for word in re.finditer(r"\S+(?: \S+)*", text):
                before = text[:word.start()]
                x = column + sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in before)
                fill = f' fill="{colour}"' if colour else ""
                bold = ' font-weight="bold"' if "1" in style.split(";") else ""
                out.append(f'<text x="{16 + x * CELL:.1f}" y="{28 + row * LINE}"{fill}{bold}>{html.escape(word.group())}</text>')
    return "\n".join(out + ["</g>", "</svg>"]) + "\n"


def main():
    out, seconds, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    drawing = svg(picture(capture(seconds, command)))
    with open(out, "w", encoding="utf8") as file:
        file.write(drawing)


if __name__ == "__main__":
    main()
