"""SetFit with MiniLM-L6 on a few rows a label: contrastive pairs, then a regression; one JSON document."""

import argparse
import tempfile
import time

import torch
from datasets import Dataset
from setfit import SetFitModel, Trainer, TrainingArguments

from shared import arguments, few_rows, held_rows, numbered, report


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-class", type=int, default=10)
    parser.add_argument("--steps", type=int, default=-1, help="stop the contrastive part after as many steps")
    parser.add_argument("--iterations", type=int, default=20, help="pairs of each kind a row")
    options = arguments(parser)
    torch.set_num_threads(options.threads)
    _, ((texts, labels), (asked, wanted)) = numbered(
        few_rows(options, options.per_class), held_rows(options)
    )
    model = SetFitModel.from_pretrained(options.model, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=folder,
                batch_size=32,
                num_epochs=1,
                num_iterations=options.iterations,
                max_steps=options.steps,
                seed=options.seed,
                report_to="none",
                save_strategy="no",
            ),
            train_dataset=Dataset.from_dict({"text": texts, "label": labels}),
        )
        began = time.perf_counter()
        trainer.train()
        train_seconds = time.perf_counter() - began
    began = time.perf_counter()
    answers = [int(answer) for answer in model.predict(asked)]
    seconds = time.perf_counter() - began
    report(
        "setfit_few",
        options,
        trainRows=len(texts),
        perClass=options.per_class,
        iterations=options.iterations,
        steps=options.steps,
        trainSeconds=train_seconds,
        textsPerSecond=len(asked) / seconds,
        accuracy=sum(answer == label for answer, label in zip(answers, wanted)) / len(wanted),
    )


if __name__ == "__main__":
    main()
