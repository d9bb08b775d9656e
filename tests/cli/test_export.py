"""A model that `cutaway train` made with the defaults of its task, in `transformers`."""

import json
from pathlib import Path

import pytest
import torch

from cli.command import printed, run
from cutaway.pipeline import load
from support import require_module

CLASSIFIER = "sequence-classification"


@pytest.mark.usefixtures("learnt")
def test_a_classifier_is_opened_by_transformers(capfd: pytest.CaptureFixture[str]) -> None:
    transformers = require_module("transformers")
    told = json.loads(printed("export", CLASSIFIER, "--out", "out", "--to", "hf", "--json"))
    assert told["against"] == "transformers"
    theirs = transformers.AutoModelForSequenceClassification.from_pretrained("out").eval()
    tokenizer, ours = transformers.AutoTokenizer.from_pretrained("out"), load(CLASSIFIER, "cpu")
    texts = ["a good cat in the house", "a bad dog"]
    with torch.no_grad():
        given = tokenizer(texts, padding=True, return_tensors="pt")
        expected = theirs(**given).logits
        found = ours.model(given["input_ids"], attention_mask=given["attention_mask"].bool())
    assert expected.std() > 0
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    named = [theirs.config.id2label[number] for number in expected.argmax(dim=1).tolist()]
    assert named == [one.label for one in ours.classify(texts)]


@pytest.mark.usefixtures("learnt")
def test_a_head_that_no_format_holds_may_be_chosen() -> None:
    head = ("model.head.pooling=mean", "model.head.hidden=false", "model.width=16", "model.layers=1", "train.steps=1")
    words = ("--task", CLASSIFIER, "--data", "labels.tsv", "--out", "mean", "train.device=cpu")
    assert run("train", "bert-nano", *words, *head, "model.attention.heads=2").status == 0
    outcome = run("export", "mean", "--out", "out")
    assert outcome.status == 2
    assert "cannot hold model.head.pooling=mean (it has cls)" in outcome.err
    assert not Path("out").exists()
