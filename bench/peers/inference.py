"""Texts a second of the plain PyTorch loop (transformers, float32) over banking77 test texts; one JSON document."""

import argparse
import statistics
import time

import torch
from transformers import AutoModel, AutoTokenizer

from shared import arguments, banking77, report


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--sorted", action="store_true", help="texts of like length in a batch")
    parser.add_argument("--singles", type=int, default=200, help="texts asked one by one for the median time")
    options = arguments(parser)
    torch.set_num_threads(options.threads)
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = AutoModel.from_pretrained(options.model).eval()
    texts = [text for text, _ in banking77(options.data, "test")]
    if options.sorted:
        texts.sort(key=len)

    @torch.no_grad()
    def embed(some):
        batch = tokenizer(some, padding=True, truncation=True, max_length=128, return_tensors="pt")
        mask = batch["attention_mask"].unsqueeze(-1)
        return (model(**batch).last_hidden_state * mask).sum(1) / mask.sum(1)

    embed(texts[: options.batch])
    began = time.perf_counter()
    for at in range(0, len(texts), options.batch):
        embed(texts[at : at + options.batch])
    seconds = time.perf_counter() - began
    singles = []
    for text in texts[:: max(1, len(texts) // options.singles)]:
        started = time.perf_counter()
        embed([text])
        singles.append((time.perf_counter() - started) * 1000)
    report(
        "inference",
        options,
        texts=len(texts),
        batch=options.batch,
        sorted=options.sorted,
        textsPerSecond=len(texts) / seconds,
        singleMedianMs=statistics.median(singles),
    )


if __name__ == "__main__":
    main()
