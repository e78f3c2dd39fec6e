"""Logistic regression on frozen MiniLM-L6 sentence vectors, with all or few rows; one JSON document."""

import argparse
import time

import torch
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression

from shared import arguments, few_rows, held_rows, numbered, report, training_rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-class", type=int, help="rows of each label; all rows without it")
    parser.add_argument("--strength", type=float, default=10.0, help="C: inverse of the L2 penalty")
    options = arguments(parser)
    torch.set_num_threads(options.threads)
    rows = few_rows(options, options.per_class) if options.per_class else training_rows(options)
    _, ((texts, labels), (asked, wanted)) = numbered(rows, held_rows(options))
    encoder = SentenceTransformer(options.model, device="cpu")
    began = time.perf_counter()
    vectors = encoder.encode(texts, batch_size=64, normalize_embeddings=True)
    regression = LogisticRegression(C=options.strength, max_iter=1000).fit(vectors, labels)
    train_seconds = time.perf_counter() - began
    began = time.perf_counter()
    answers = regression.predict(encoder.encode(asked, batch_size=64, normalize_embeddings=True))
    seconds = time.perf_counter() - began
    report(
        "frozen_regression",
        options,
        trainRows=len(texts),
        perClass=options.per_class,
        strength=options.strength,
        trainSeconds=train_seconds,
        textsPerSecond=len(asked) / seconds,
        accuracy=float((answers == wanted).mean()),
    )


if __name__ == "__main__":
    main()
