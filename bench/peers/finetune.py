"""Fine-tunes MiniLM-L6 on banking77 with the usual PyTorch loop (transformers, AdamW, dynamic padding); one JSON document.

The loop of the anchors: 9,003 rows, 5 epochs, batch 32, learning rate 1e-4 (head 1e-3), linear with a tenth of warm-up.
"""

import argparse
import time

import torch
from transformers import AutoModel, AutoTokenizer

from shared import arguments, banking77, numbered, report, training_rows


class Classifier(torch.nn.Module):
    """Mean pooling, dropout and a linear head over an encoder."""

    def __init__(self, encoder, classes):
        super().__init__()
        self.encoder = encoder
        self.dropout = torch.nn.Dropout(0.1)
        self.head = torch.nn.Linear(encoder.config.hidden_size, classes)

    def forward(self, batch):
        hidden = self.encoder(**batch).last_hidden_state
        mask = batch["attention_mask"].unsqueeze(-1)
        return self.head(self.dropout((hidden * mask).sum(1) / mask.sum(1)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=9003, help="training rows")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--buckets", action="store_true", help="sort texts of like length into a batch")
    options = arguments(parser)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    names, ((texts, labels), (asked, wanted)) = numbered(
        training_rows(options, options.count), banking77(options.data, "test")
    )
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = Classifier(AutoModel.from_pretrained(options.model), len(names))

    def batch_of(some):
        return dict(tokenizer(some, padding=True, truncation=True, max_length=128, return_tensors="pt"))

    began = time.perf_counter()
    curve, tokens = train(model, batch_of, texts, labels, options)
    seconds = time.perf_counter() - began
    report(
        "finetune",
        options,
        trainRows=len(texts),
        epochs=options.epochs,
        batch=options.batch,
        rate=options.rate,
        buckets=options.buckets,
        trainSeconds=seconds,
        tokensPerSecond=tokens / seconds,
        epochLosses=curve,
        accuracy=accuracy(model, batch_of, asked, wanted),
    )


def train(model, batch_of, texts, labels, options):
    """Mean loss of each epoch, and how many tokens (no padding) were trained on."""
    groups = [
        {"params": model.encoder.parameters(), "lr": options.rate},
        {"params": model.head.parameters(), "lr": options.rate * 10},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    steps = options.epochs * -(-len(texts) // options.batch)
    warm = max(1, steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))
    )
    loss_of = torch.nn.CrossEntropyLoss()
    curve, tokens = [], 0
    model.train()
    for _ in range(options.epochs):
        losses = []
        for rows in batches(texts, options):
            batch = batch_of([texts[row] for row in rows])
            loss = loss_of(model(batch), torch.tensor([labels[row] for row in rows]))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            tokens += int(batch["attention_mask"].sum())
        curve.append(sum(losses) / len(losses))
    return curve, tokens


def batches(texts, options):
    """Row numbers of each batch, in random order."""
    order = torch.randperm(len(texts)).tolist()
    span = options.batch * (20 if options.buckets else 1)
    parts = [order[at : at + span] for at in range(0, len(order), span)]
    if options.buckets:
        parts = [sorted(part, key=lambda row: len(texts[row])) for part in parts]
    some = [part[at : at + options.batch] for part in parts for at in range(0, len(part), options.batch)]
    return [some[at] for at in torch.randperm(len(some)).tolist()]


@torch.no_grad()
def accuracy(model, batch_of, texts, labels):
    """Share of the texts whose largest logit is their label."""
    model.eval()
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    right = 0
    for at in range(0, len(order), 64):
        rows = order[at : at + 64]
        answers = model(batch_of([texts[row] for row in rows])).argmax(1).tolist()
        right += sum(answer == labels[row] for answer, row in zip(answers, rows))
    return right / len(texts)


if __name__ == "__main__":
    main()
