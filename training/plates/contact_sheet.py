"""One sheet of many annotated pictures: contact-sheet FOLDER OUT.jpg [--failures FILE].

`gatectl plates read --annotate FOLDER PICTURES` writes the pictures; FILE is what the scoring wrote:
its pictures come first, framed in red, with what was wanted.
"""
import argparse
import glob
import os

import cv2
import numpy as np

CELL = (320, 200)


def cell(path, wanted):
    """The picture in a cell, gray around it, its name beneath."""
    sheet = np.full((CELL[1] + 20, CELL[0], 3), 60, np.uint8)
    image = cv2.imread(path)
    if image is not None:
        scale = min(CELL[0] / image.shape[1], CELL[1] / image.shape[0])
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        image = image[:CELL[1], :CELL[0]]
        top, left = (CELL[1] - image.shape[0]) // 2, (CELL[0] - image.shape[1]) // 2
        sheet[top:top + image.shape[0], left:left + image.shape[1]] = image
    if wanted is not None:
        cv2.rectangle(sheet, (0, 0), (CELL[0] - 1, CELL[1] - 1), (40, 40, 220), 3)
    # OpenCV draws Latin letters only: provinces are left to the annotation.
    name = os.path.splitext(os.path.basename(path))[0][-30:]
    text = name + ("" if wanted is None else "  wanted " + wanted.encode("ascii", "ignore").decode())
    cv2.putText(sheet, text, (4, CELL[1] + 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (230, 230, 230), 1,
                cv2.LINE_AA)
    return sheet


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("folder")
    parse.add_argument("out")
    parse.add_argument("--failures", help="rows: file, wanted text, type, what was read")
    parse.add_argument("--columns", type=int, default=6)
    options = parse.parse_args()
    wanted = {}
    if options.failures:
        with open(options.failures, encoding="utf8") as file:
            for line in file:
                name, text, *_ = line.rstrip("\n").split("\t")
                wanted[os.path.splitext(os.path.basename(name))[0]] = text
    files = [f for f in glob.glob(f"{options.folder}/*") if f.lower().endswith((".jpg", ".png"))]
    def failed(path):
        stem = os.path.splitext(os.path.basename(path))[0]
        return next((t for name, t in wanted.items() if stem.endswith(name)), None)
    files.sort(key=lambda f: (failed(f) is None, f))
    cells = [cell(f, failed(f)) for f in files]
    while len(cells) % options.columns:
        cells.append(np.full_like(cells[0], 60))
    rows = [np.hstack(cells[i:i + options.columns]) for i in range(0, len(cells), options.columns)]
    cv2.imwrite(options.out, np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 85])
    print(f"{options.out}: {len(files)} pictures, {sum(failed(f) is not None for f in files)} failures")


if __name__ == "__main__":
    main()
