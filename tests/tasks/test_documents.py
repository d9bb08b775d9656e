"""Documents that are packed into one row: each is learnt from as if it stood alone."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from cutaway.config.reading import override
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.model.transformer import DecoderOnly
from cutaway.nn.losses import IGNORED
from cutaway.pipeline import load
from cutaway.runs.evaluation import evaluate_run
from cutaway.runs.run import start
from cutaway.tasks.language_modeling.task import LanguageModeling, number_documents
from runs.kinds import TINY
from variants import VOCABULARY, variant

SEPARATOR = VOCABULARY - 1
LENGTHS = (5, 1, 9)
CHOICES: dict[str, dict[str, Any]] = {
    "learned": {},
    "rotary": {"position": "rotary"},
    "relative": {"position": "relative"},
    "window": {"position": "alibi", "attention": {"window": 3}},
    "latent": {"position": "rotary", "attention": {"kind": "latent"}},
}
TASK = LanguageModeling(separator=SEPARATOR, multi_token_weight=0.7)


def documents() -> list[np.ndarray]:
    """Texts that each begin with the separator and end before the next."""
    rng = np.random.default_rng(1)
    return [np.array([SEPARATOR, *rng.integers(SEPARATOR, size=length)]) for length in LENGTHS]


def packed() -> tuple[np.ndarray, np.ndarray]:
    """All of them in a row, behind the end of another, and the tokens that follow each."""
    row = np.concatenate([[3, 4], *documents(), [SEPARATOR]])
    return row[None, :-1], row[None, 1:]


def alone(document: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return document[None], np.array([*document[1:], SEPARATOR])[None]


def loss_of(model: DecoderOnly, examples: tuple[np.ndarray, np.ndarray]) -> tuple[Tensor, Tensor]:
    return TASK.loss(model, TASK.collate(examples, torch.device("cpu")))


@pytest.mark.parametrize("depths", [0, 2])
@pytest.mark.parametrize("choices", CHOICES.values(), ids=CHOICES)
def test_packed_they_lose_what_they_lose_alone(choices: dict[str, Any], depths: int) -> None:
    model = variant(**choices, multi_token_prediction=depths).eval()
    first = np.array([[3, 4]]), np.array([[4, SEPARATOR]])
    found, count = loss_of(model, packed())
    found.backward()
    gradients = {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}
    model.zero_grad()
    parts = [loss_of(model, one) for one in (first, *map(alone, documents()))]
    if depths:  # a row that is too short for a depth shares the weight among fewer
        parts = [shared(model, one, depths) for one in (first, *map(alone, documents()))]
    total = torch.stack([loss for loss, _ in parts]).sum()
    total.backward()
    torch.testing.assert_close(found, total, rtol=1e-5, atol=1e-5)
    assert count == sum(count for _, count in parts) == packed()[1].size
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, model.get_parameter(name).grad, rtol=1e-4, atol=1e-4)
    joined, _ = LanguageModeling().loss(model, LanguageModeling().collate(packed(), torch.device("cpu")))
    assert (joined - found).abs() > 1e-2, "without the mask they see each other"


def shared(model: DecoderOnly, examples: tuple[np.ndarray, np.ndarray], depths: int) -> tuple[Tensor, Tensor]:
    """The loss of a document whose depths weigh as they do in the row, which is long enough for all of them."""
    batch = TASK.collate(examples, torch.device("cpu"))

    def read(head: Any, hidden: Any) -> Tensor:
        total = cross_entropy_of(head, hidden.states, batch["targets"])
        for depth, states in enumerate(hidden.multi_token, 1):
            total = total + 0.7 / depths * cross_entropy_of(head, states, batch["targets"][:, depth:])
        return total

    return model(batch["inputs"], read=read), torch.tensor(batch["targets"].numel())


def cross_entropy_of(head: Any, states: Tensor, targets: Tensor) -> Tensor:
    return torch.nn.functional.cross_entropy(head(states)[0], targets[0], reduction="sum")


def test_a_separator_begins_a_document() -> None:
    inputs = np.array([[3, SEPARATOR, 4, 5, SEPARATOR], [SEPARATOR, 4, 5, 6, 7]])
    assert number_documents(inputs, SEPARATOR).tolist() == [[0, 1, 1, 1, 2], [1, 1, 1, 1, 1]]


def test_what_is_predicted_across_documents_does_not_count() -> None:
    model = variant(multi_token_prediction=2).eval()
    batch = TASK.collate(packed(), torch.device("cpu"))
    sums = TASK.measure(model, batch)
    numbers = batch["documents"][0].tolist()
    within = sum(len(set(numbers[t : t + depth + 1])) == 1 for depth in (1, 2) for t in range(len(numbers) - depth))
    assert sums["multi_token_count"] == within < 2 * len(numbers) - 3
    assert sums["count"] == (batch["targets"] != IGNORED).sum()


def begin(folder: Path, *choices: str, rows: int = 30) -> Any:
    lines = [json.dumps({"text": f"number {i} is {'even' if i % 2 == 0 else 'odd'}"}) for i in range(rows)]
    (folder / "texts.jsonl").write_text("".join(f"{line}\n" for line in lines))
    config = override(RunConfig(), [*TINY, f"data.path={folder / 'texts.jsonl'}", "model.context=60", *choices])
    return start(config, folder / "run")


def test_a_run_keeps_documents_apart_in_training_and_in_measuring(tmp_path: Path) -> None:
    run = begin(tmp_path, "task.document_mask=yes")
    training_data = run.dataset.training_data()
    batch = training_data.objective.collate(training_data.training[0], torch.device("cpu"))
    ends = (batch["inputs"] == run.dataset.tokenizers.tokenizer.end).sum(dim=1)
    assert (ends > 1).all()
    assert torch.equal(batch["documents"].max(dim=1).values, ends)
    run.train()
    pipeline = load(run.folder.path, device="cpu")
    apart = evaluate_run(pipeline, run.folder.path).figures["loss"]
    whole = pipeline.config.model_copy(update={"task": RunConfig().task})
    pipeline.config = whole
    assert evaluate_run(pipeline, run.folder.path).figures["loss"] != pytest.approx(apart, rel=1e-6)


def test_a_single_document_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"task.document_mask separates documents, but the text is a single one"):
        begin(tmp_path, "task.document_mask=yes", rows=1)
    assert not (tmp_path / "run/run.yaml").exists()


@pytest.mark.parametrize("choices", CHOICES.values(), ids=CHOICES)
@torch.no_grad()
def test_a_number_that_comes_back_is_another_document_and_padding_does_not_count(choices: dict[str, Any]) -> None:
    model = variant(**choices).eval()
    text = torch.arange(9)[None]
    found = model(text, documents=torch.tensor([[0, 0, 0, 1, 1, 1, 0, 0, 0]]))
    for piece in (slice(0, 3), slice(3, 6), slice(6, 9)):
        torch.testing.assert_close(found[:, piece], model(text[:, piece]), rtol=1e-4, atol=1e-4)
    padded = model(
        text[:, :6], documents=torch.tensor([[0, 0, 0, 0, 1, 1]]), attention_mask=torch.tensor([[0, 0, 1, 1, 1, 1]])
    )
    torch.testing.assert_close(padded[:, 2:4], model(text[:, 2:4]), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(padded[:, 4:], model(text[:, 4:6]), rtol=1e-4, atol=1e-4)
