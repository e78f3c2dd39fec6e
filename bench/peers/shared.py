"""What the peer scripts share: rows of banking77, the few rows that a bench chose, and the document that each prints."""

import csv
import json
import os
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("torch", "transformers", "sentence-transformers", "setfit", "scikit-learn", "numpy")


def arguments(parser):
    """Adds what every peer takes, and reads the command line."""
    parser.add_argument("--model", required=True, help="folder of all-MiniLM-L6-v2: safetensors, config, tokenizer.json")
    parser.add_argument("--data", default=os.environ.get("SHOAL_DATA"), help="folder that holds banking77/ (or SHOAL_DATA)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", help="JSON file of [[text, label], ...] to train on, as a bench chose them")
    parser.add_argument("--held", help="JSON file of [[text, label], ...] to ask, as a bench chose them; without it banking77's test rows")
    options = parser.parse_args()
    # Libraries print lines of their own: standard output is for the one document.
    sys.stdout = sys.stderr
    if not options.data:
        parser.error("Neither --data nor SHOAL_DATA says where the data are.")
    return options


def banking77(data, part):
    """Rows [text, label] of `train` or `test`."""
    path = Path(data) / "banking77" / f"{part}.csv"
    with open(path, encoding="utf8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def training_rows(options, count=None):
    """The rows of `--rows`; without it `count` rows (or all) in an order that the seed gives."""
    if options.rows:
        return [tuple(row) for row in json.loads(Path(options.rows).read_text(encoding="utf8"))]
    import random

    rows = banking77(options.data, "train")
    random.Random(options.seed).shuffle(rows)
    return rows[:count]


def held_rows(options):
    """The rows of `--held`; without it banking77's test rows."""
    if options.held:
        return [tuple(row) for row in json.loads(Path(options.held).read_text(encoding="utf8"))]
    return banking77(options.data, "test")


def few_rows(options, per_class):
    """The rows of `--rows`; without it `per_class` rows of each label."""
    if options.rows:
        return training_rows(options)
    taken, few = {}, []
    for text, label in training_rows(options):
        if taken.get(label, 0) < per_class:
            taken[label] = taken.get(label, 0) + 1
            few.append((text, label))
    return few


def numbered(*parts):
    """Label names in order, and for each part its texts and label numbers."""
    names = sorted({label for part in parts for _, label in part})
    number = {name: at for at, name in enumerate(names)}
    return names, [([text for text, _ in part], [number[label] for _, label in part]) for part in parts]


def installed():
    """Versions of what the peers run on, by package."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def report(peer, options, **figures):
    """Prints the one JSON document of a run."""
    document = {
        "peer": peer,
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": {"cpu": platform.processor() or platform.machine(), "cores": os.cpu_count()},
        "versions": installed(),
        "seed": options.seed,
        "threads": options.threads,
        **figures,
    }
    json.dump(document, sys.__stdout__, indent=2)
    print(file=sys.__stdout__)
