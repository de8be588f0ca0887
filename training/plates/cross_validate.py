"""Measure the whole way on pictures that no network saw: cross-validate DATA --faces FACES.

The pictures of `train` are divided into folds by the text of their plates. For each fold a localiser
and a reader learn from the others, on a short schedule, and are exported; `gatectl` reads the fold
with them. OUT holds afterwards `fold1`..: checkpoints and `models`; `manifest.tsv`, `read.tsv`: all
folds together, for the scoring; `failures.tsv`: each plate whose label no reading bears out, which
is either the networks' fault or the label's. A step that was finished before (`done-*`) is not done
again; a training that was interrupted goes on.
"""
import argparse
import csv
import os
import subprocess
import sys

import drawing
from plates import of_fold

HERE = os.path.dirname(os.path.abspath(__file__))
GATECTL = f"{HERE}/../../.build/release/gatectl"


def run(program, *arguments):
    subprocess.run([sys.executable, f"{HERE}/{program}.py", *map(str, arguments)], check=True)


def once(folder, program, *arguments):
    if not os.path.exists(f"{folder}/done-{program}"):
        run(program, *arguments)
        open(f"{folder}/done-{program}", "w", encoding="utf8").close()


def train(options, fold, folder):
    """The localiser, its alarms, the reader, the network files of one fold."""
    common = [options.data, "--faces", options.faces, "--fold", fold]
    once(folder, "train_localiser", *common, "--steps", options.localiser_steps, "--out", folder)
    once(folder, "mine_alarms", *common, "--checkpoints", folder)
    once(folder, "train_reader", *common, "--steps", options.reader_steps, "--out", folder)
    own = f"{folder}/calibration.json"                     # evaluate --fit: by the other folds
    calibration = own if os.path.exists(own) else options.calibration
    calibration = ["--calibration", calibration] if calibration else []
    run("export_models", f"{folder}/models", "--checkpoints", folder, *calibration)


def divide(data, count):
    """{file: its fold, or None where its plates lie in several}, for the scenes and negatives."""
    texts = {}
    for row in drawing.manifest(data):
        if row["split"] == "train" and row["kind"] in ("scene", "negative"):
            texts.setdefault(row["file"], []).append(row["text"] or row["file"])
    folds = {}
    for file, said in texts.items():
        of = {k for k in range(1, count + 1) for t in said if of_fold(t, f"{k}/{count}")}
        folds[file] = of.pop() if len(of) == 1 else None
    return folds


def read(gatectl, data, files, models):
    """The rows of `gatectl plates read`, its heading first."""
    command = [gatectl, "plates", "read", "--format", "tsv", "--models", models, *files]
    done = subprocess.run(command, cwd=data, stdout=subprocess.PIPE, text=True, check=False)
    # 1: some picture is torn, which standard error tells; the others have their rows.
    if done.returncode not in (0, 1) or not done.stdout:
        sys.exit(f"{gatectl} ended with {done.returncode} and read nothing with {models}")
    return done.stdout.splitlines()


def failures(rows, labels):
    """(file, label, type, what was read and how sure) of plates that no reading bears out."""
    found = {}
    for row in csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE):
        found.setdefault(os.path.basename(row["file"]), []).append(row)
    for label in labels:
        readings = found.get(os.path.basename(label["file"]), [])
        if label["text"] and label["plate_type"] != "other" \
                and all(r["text"] != label["text"] for r in readings):
            said = " ".join(f"{r['text'] or '?'}@{float(r['confidence'] or 0):.2f}"
                            for r in readings)
            yield label["file"], label["text"], label["plate_type"], said


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("data")
    parse.add_argument("--faces", required=True)
    parse.add_argument("--folds", type=int, default=3)
    parse.add_argument("--only", type=int, nargs="+", metavar="K", help="do these folds alone")
    parse.add_argument("--localiser-steps", type=int, default=4000)
    parse.add_argument("--reader-steps", type=int, default=4000)
    parse.add_argument("--calibration", help="JSON written by evaluate --fit")
    parse.add_argument("--gatectl", default=GATECTL)
    parse.add_argument("--out", default="checkpoints/folds")
    options = parse.parse_args()
    options.data, options.out = map(os.path.abspath, (options.data, options.out))
    options.gatectl = os.path.abspath(options.gatectl)
    folds, heading, rows = divide(options.data, options.folds), None, []
    chosen = options.only or range(1, options.folds + 1)
    for k in chosen:
        folder = f"{options.out}/fold{k}"
        os.makedirs(folder, exist_ok=True)
        train(options, f"{k}/{options.folds}", folder)
        files = [file for file, fold in folds.items() if fold == k]
        heading, *more = read(options.gatectl, options.data, files, f"{folder}/models")
        rows += more
    labels = [row for row in drawing.manifest(options.data) if folds.get(row["file"]) in chosen
              and row["kind"] in ("scene", "negative")]
    for name, lines in (("read.tsv", [heading, *rows]),
                        ("manifest.tsv", ["\t".join(r) for r in [labels[0], *map(dict.values, labels)]]),
                        ("failures.tsv", map("\t".join, failures([heading, *rows], labels)))):
        with open(f"{options.out}/{name}", "w", encoding="utf8") as file:
            file.writelines(line + "\n" for line in lines)
    several = sum(fold is None for fold in folds.values())
    count = sum(fold in chosen for fold in folds.values())
    print(f"{count} pictures read, {several} left out whose plates lie in several folds; score "
          f"{options.out}/read.tsv by {options.out}/manifest.tsv")


if __name__ == "__main__":
    main()
