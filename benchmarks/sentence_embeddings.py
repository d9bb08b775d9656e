"""Whether cutaway and `transformers` compute the same sentence embeddings from a Sentence Transformers folder.

    python benchmarks/sentence_embeddings.py --model FOLDER --data DATA/sst2/dev.tsv

Both read the same sentences. The pooling for `transformers` is written out here, following `1_Pooling/config.json`,
which must select the mean of all tokens.
"""

import argparse
import csv
import json
import time
from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoModel, AutoTokenizer

from cutaway.pipeline import load

BATCH = 32


def read(path: Path, count: int) -> list[str]:
    """The sentences in the first column."""
    with path.open(newline="", encoding="utf-8") as lines:
        return [row[0] for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)][:count]


@torch.inference_mode()
def theirs(folder: Path, sentences: list[str]) -> Tensor:
    """The mean of the last hidden states of each sentence's tokens."""
    assert json.loads((folder / "1_Pooling/config.json").read_text())["pooling_mode_mean_tokens"]
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    vectors = []
    for start in range(0, len(sentences), BATCH):
        given = tokenizer(sentences[start : start + BATCH], padding=True, return_tensors="pt")
        hidden, mask = model(**given).last_hidden_state, given["attention_mask"][:, :, None]
        vectors.append((hidden * mask).sum(dim=1) / mask.sum(dim=1))
    return torch.cat(vectors)


def main() -> None:
    """Prints the smallest cosine between their vectors and ours, and the seconds of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="a folder with 1_Pooling/")
    parser.add_argument("--data", type=Path, required=True, help="sentences in the first column of a TSV file")
    parser.add_argument("--count", type=int, default=500)
    given = parser.parse_args()
    sentences = read(given.data, given.count)
    start = time.perf_counter()
    expected = theirs(given.model, sentences)
    between = time.perf_counter()
    found = torch.from_numpy(load(given.model).embed(sentences))
    end = time.perf_counter()
    cosines = torch.nn.functional.cosine_similarity(found.double(), expected.double())
    print(f"{len(sentences)} sentences, smallest cosine {cosines.min():.9f}, mean {cosines.mean():.9f}")
    print(f"opening and embedding: transformers {between - start:.1f} s, cutaway {end - between:.1f} s")


if __name__ == "__main__":
    main()
