"""Train the face networks for a few steps on a small part of the data; the losses must fall.

test-training FACES TEACHERS [ARCHIVE]

ARCHIVE: the package with the head's base; fetched if it is not named.
"""
import csv
import os
import re
import subprocess
import sys
import tempfile

import face_base

HERE = os.path.dirname(os.path.abspath(__file__))


def small_part(data, folder, every=24):
    """A folder that looks like `data`, with every so-manyth portrait and sixth photograph."""
    data = os.path.abspath(data)
    for name in os.listdir(data):
        if name != "manifest.tsv":
            os.symlink(f"{data}/{name}", f"{folder}/{name}")
    with open(f"{data}/manifest.tsv", encoding="utf8", newline="") as file:
        table = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        head, *rows = table
    kind, split = head.index("kind"), head.index("split")
    kept = [r for n, r in enumerate(rows)
            if n % (every if r[kind] == "portrait" or r[split] == "dev" else 6) == 0]
    with open(f"{folder}/manifest.tsv", "w", encoding="utf8") as file:
        file.writelines("\t".join(r) + "\n" for r in [head] + kept)


def losses(program, pattern, *arguments):
    done = subprocess.run([sys.executable, f"{HERE}/{program}", *arguments],
                          stdout=subprocess.PIPE, text=True, check=True)
    return [float(m) for m in re.findall(pattern, done.stdout)]


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    faces, teachers, *archive = (os.path.abspath(p) for p in sys.argv[1:])
    algebra = subprocess.run([sys.executable, "-m", "unittest", "discover", "-s", HERE, "-p", "test_[hrt]e*.py"])
    failed = algebra.returncode != 0
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/faces"
        os.mkdir(data)
        small_part(faces, data)
        small = f"{folder}/train_student.py.pt.fallen"
        archive = archive[0] if archive else face_base.fetch(folder)
        for program, options, steps, every, pattern, share in (
                ("train_detector.py", [f"{teachers}/yunet_n_dynamic.onnx", "--kept",
                                       f"{folder}/kept.npz"], 90, 15,
                 r"score, box, points \[ *([\d.]+)", 0.5),
                ("train_points.py", [f"{folder}/train_detector.py.pt", "--kept",
                                     f"{folder}/kept.npz"], 120, 20, r"points, box, face \[ *([\d.]+)", 0.8),
                ("train_student.py", [f"{teachers}/foam_mobilefacenet.onnx"], 60, 10,
                 r"away ([\d.]+)", 0.95),
                ("train_head.py", [f"{teachers}/foam_mobilefacenet.onnx", archive, "--small", small, "--moved", "0",
                                   "--spoilt", "1", "--views", "192", "--batch", "128"], 60, 12,
                 r"away ([\d.]+)", 0.9)):
            if program == "train_head.py":
                subprocess.run([sys.executable, f"{HERE}/quality.py", data, options[0], small], check=True)
            told = losses(program, pattern, data, *options, "--steps", str(steps), "--every",
                          str(every), "--output", f"{folder}/{program}.pt")
            fell = len(told) >= 2 and told[-1] < share * told[0]
            failed |= not fell
            print(f"{program}: {steps} steps, losses {told}: {'fell' if fell else 'DID NOT FALL'}",
                  flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
