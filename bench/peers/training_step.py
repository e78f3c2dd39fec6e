"""The training step of bench/training-step.ts by PyTorch eager: for each line on stdin that many steps, their mean milliseconds out."""

import argparse
import json
import sys
import time

import torch
import transformers
from transformers import BertConfig, BertModel


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--time", type=int, default=128)
    parser.add_argument("--classes", type=int, default=77)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    config = BertConfig(
        vocab_size=1000, hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )
    model = BertModel(config, add_pooling_layer=False).train()
    for parameter in model.embeddings.parameters():
        parameter.requires_grad = False
    head = torch.nn.Linear(384, options.classes)
    trained = [*model.encoder.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.01, fused=True)
    ids = torch.randint(0, 1000, (options.batch, options.time))
    mask = torch.ones(options.batch, options.time, dtype=torch.long)
    labels = torch.arange(options.batch) % options.classes

    def step():
        optimizer.zero_grad(set_to_none=True)
        hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
        loss = torch.nn.functional.cross_entropy(head(hidden.mean(1)), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        return loss.item()

    step()
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    print(json.dumps({"versions": versions, "attention": model.config._attn_implementation}), flush=True)
    for line in sys.stdin:
        steps = int(line)
        began = time.perf_counter()
        losses = [step() for _ in range(steps)]
        print(json.dumps({"ms": (time.perf_counter() - began) * 1000 / steps, "loss": losses[-1]}), flush=True)


main()
