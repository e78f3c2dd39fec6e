"""Tokens of texts that are hard to keep the place in, by the Rust library `tokenizers`: ids, and offsets as UTF-16 units.

    python bench/peers/token_offsets.py FOLDER/tokenizer.json > test/weights/minilm-tokens.json
"""

import json
import sys

from tokenizers import Tokenizer

TEXTS = [
    " ",
    "hello",
    "Hello, World!",
    "The quick brown fox jumps over the lazy dog.",
    "na\xefve caf\xe9 r\xe9sum\xe9",
    "cafe\u0301 cafe\u0301s",
    "e\u0301\u0302\u0323x",
    "\u0130stanbul I\u011eDIR \u0131ss\u0131z",
    "\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3 \u03a3\u039f\u03a6\u039f\u03a3",
    "Stra\xdfe STRASSE \u1e9e",
    "\ufb01nal \ufb00 \ufb04 \ufb06",
    "\u2460\u2461\u2462 \xbd \u2153 \u338f \u337f \u2122 \u2103",
    "\uff46\uff55\uff4c\uff4c \uff57\uff49\uff44\uff54\uff48 \uff11\uff12\uff13",
    "\u4e2d\u6587\u6587\u672c\u6d4b\u8bd5",
    "\u6211\u5728\u5317\u4eac\u5927\u5b66 learning AI\u3002",
    "\U00020000\U00020001 \U0002b920x \U0002b740",
    "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8 \u30ab\u30bf\u30ab\u30ca \uff76\uff9e\uff77\uff9e",
    "\ud55c\uad6d\uc5b4 \ud14d\uc2a4\ud2b8 \uac00\ub098\ub2e4",
    "\u1112\u1161\u11ab jamo \u314b\u314b\u314b \u314e\u314f\u3134",
    "\U0001f44d",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 family",
    "flag \U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7 end",
    "\u2764\ufe0f heart \u263a\ufe0f",
    "\U0001f937\U0001f3fd\u200d\u2640\ufe0f shrug",
    "a\u200bb\u200dc\ufeffd",
    "tab\tnew\nline\r\nend\xa0nbsp\u3000wide",
    "null\x00byte \x07bell \ufffd repl",
    "\x85next\u2028line",
    "   leading and trailing   ",
    "multiple     spaces",
    "[SEP] [CLS] not [MASK] special [UNK]",
    "<s> </s> <mask> <pad> <unk>",
    "http://example.com/path?q=1&b=2#x",
    "user@example.com, +49 (0)30-123456",
    'don\'t can\'t I\'ll we\'ve "quoted" \u2018smart\u2019 \u201cquotes\u201d',
    "snake_case camelCase kebab-case",
    "1,234.56 \u20ac $99 \xa51000 \xa35",
    "supercalifragilisticexpialidocious",
    "a" * 101,
    "a" * 100,
    "\xe9" * 60,
    "\xfcn\xefc\xf6d\xe9 \xfcn\xefc\xf6d\xe9 \xfcn\xefc\xf6d\xe9 \xfcn\xefc\xf6d\xe9 \xfcn\xefc\xf6d\xe9 ",
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u092e\u0947\u0902 \u092a\u093e\u0920",
    "\u09ac\u09be\u0982\u09b2\u09be \u09ad\u09be\u09b7\u09be",
    "\u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22\u0e44\u0e21\u0e48\u0e21\u0e35\u0e0a\u0e48\u0e2d\u0e07\u0e27\u0e48\u0e32\u0e07",
    "\u05e2\u05d1\u05e8\u05d9\u05ea \u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u0645\u064f\u062d\u064e\u0645\u064e\u0651\u062f",
    "Ti\u1ebfng Vi\u1ec7t c\xf3 d\u1ea5u",
    "Zalgo: Z\u0351\u036b\u0343a\u0349\u0317l\u0361\u0333g\u0316o\u0302",
    "\u0301leading mark",
    "x \u0301 y",
    "\u3002\u0301\u3001",
    "ab\xadcd soft hyphen",
    "\u01c5 \u01c6 \u01c4 \u0149 \u017f",
    "\ue000private \U000f0000use",
    "\u0378unassigned\U0001fae8",
    "K kelvin \xc5 angstrom \u03a9 ohm",
    "##ing ## # ing##",
    "\u2026\u2025\u2014 \u2013 \u2010\u2011 \xb4 ` ^ ~ \uff5e",
    "\u202eRTL override\u202c",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f flag",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\u65e5yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
    "\U0001d400\U0001d401\U0001d402 math bold",
    "\uff21\u030a \uff76\uff9e",
    "\uac00\u11a8 \uac01",
    "end with mark e\u0301",
    "\r\n\r\n",
    "\xe1\u0323 \u1ea1\u0301",
]


def units(text):
    """UTF-16 offset of every code point, and the text's length at the end."""
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + (2 if ord(character) > 0xFFFF else 1))
    return offsets


def main():
    tokenizer = Tokenizer.from_file(sys.argv[1])
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True  # a text's "[SEP]" is text
    rows = []
    for text in TEXTS:
        encoding = tokenizer.encode(text, add_special_tokens=False)
        at = units(text)
        rows.append(
            {
                "text": text,
                "ids": encoding.ids,
                "starts": [at[start] for start, _ in encoding.offsets],
                "ends": [at[end] for _, end in encoding.offsets],
            }
        )
    json.dump(rows, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
