"""Train each network for a few steps on a small part of the data; the losses must fall. Network files are read back.

test-training DATA [--faces FOLDER]
"""
import argparse
import ast
import csv
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def small_part(data, folder, every=10):
    """A folder that looks like `data`, with every scene and each `every`-th crop."""
    data = os.path.abspath(data)
    for name in os.listdir(data):
        if name != "manifest.tsv":
            os.symlink(f"{data}/{name}", f"{folder}/{name}")
    with open(f"{data}/manifest.tsv", encoding="utf8", newline="") as file:
        table = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        head, *rows = table
    kind = head.index("kind")
    kept = [r for n, r in enumerate(rows) if r[kind] != "crop" or n % every == 0]
    with open(f"{folder}/manifest.tsv", "w", encoding="utf8") as file:
        file.writelines("\t".join(r) + "\n" for r in [head] + kept)


def run(program, data, out, faces, steps, more):
    """What the program prints of its losses: [value at each report]."""
    command = [sys.executable, f"{HERE}/{program}", data, "--out", out, "--steps", str(steps), *more]
    if faces:
        command += ["--faces", faces]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=HERE)
    losses = []
    for line in done.stdout.splitlines():
        if found := re.match(r"\d+: loss ([\d.]+)", line):
            losses.append(float(found[1]))
        elif found := re.match(r"\d+: (\{.*?\})", line):
            losses.append(sum(ast.literal_eval(found[1]).values()))
    return losses


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("data")
    parse.add_argument("--faces")
    options = parse.parse_args()
    faces = options.faces and os.path.abspath(options.faces)
    restored = subprocess.run([sys.executable, "-m", "unittest", "discover", "-s", HERE, "-p", "test_restore.py"])
    failed = restored.returncode != 0
    with tempfile.TemporaryDirectory() as folder:
        data, out = f"{folder}/data", f"{folder}/out"
        os.mkdir(data)
        small_part(options.data, data)
        for program, steps, *more in (("train_localiser.py", 100), ("train_reader.py", 200),
                                      ("train_reader.py", 200, "--seed", "1", "--teach", f"{out}/reader-0.pt")):
            losses = run(program, data, out, faces, steps, more)
            fell = len(losses) >= 2 and losses[-1] < 0.75 * losses[0]
            failed |= not fell
            name = " ".join([program, *more[2:3]])
            print(f"{name}: {steps} steps, losses {losses}: {'fell' if fell else 'DID NOT FALL'}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
