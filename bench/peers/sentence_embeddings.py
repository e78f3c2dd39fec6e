"""Writes test/weights/minilm-embeddings.json: vectors by sentence-transformers, which Shoal's are held against.

    python bench/peers/sentence_embeddings.py MODEL_FOLDER > test/weights/minilm-embeddings.json
"""

import base64
import json
import sys

import numpy
from sentence_transformers import SentenceTransformer

TEXTS = [
    "How do I locate my card?",
    "I still have not received my new card, I ordered over a week ago.",
    "",
    "?",
    "the quick brown fox jumps over the lazy dog",
    "Ärger mit der Überweisung: 3,50 € fehlen!",
    "naïve café résumé coöperate",
    "我的银行卡在哪里?",
    "😀 emoji and 👩‍👩‍👧 families",
    "UPPER CASE AND lower case",
    "a" * 300,
    "numbers 1234567890 and 3.14159, dates 2026-11-24",
    "tabs\tand\nline breaks\r\nin a text",
    "Refund not showing up. " * 40,
    "https://example.com/path?query=1#fragment",
    "C++ && C# || F#; if (x < 3) { return; }",
]


def main():
    model = SentenceTransformer(sys.argv[1], device="cpu")
    vectors = model.encode(TEXTS, batch_size=1, convert_to_numpy=True).astype("<f4")
    coded = [base64.b64encode(numpy.ascontiguousarray(row).tobytes()).decode() for row in vectors]
    rows = [{"text": text, "vector": vector} for text, vector in zip(TEXTS, coded)]
    json.dump(rows, sys.stdout, ensure_ascii=False, indent=0)
    print()


if __name__ == "__main__":
    main()
