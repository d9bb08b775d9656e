"""What the classification of texts, images, audio and graphs has in common: the loss, predictions and metrics."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from cutaway.config.run import RunConfig
from cutaway.data.examples import AnyExample
from cutaway.data.grouping import in_groups
from cutaway.data.input_formats import TOKENS, InputFormat
from cutaway.metrics.classes import classification_report, multi_label_report
from cutaway.metrics.report import Report
from cutaway.metrics.values import regression_report
from cutaway.model.device import device_of
from cutaway.model.transformer import DecoderOnly, Transformer
from cutaway.tasks.base import Batch, Model, to_tensors
from cutaway.tasks.dataset import with_labels, with_task
from cutaway.tasks.example_task import ExampleTask
from cutaway.tasks.labels import TARGETS, LabelledRow, known_labels, labelled_rows, value_of
from cutaway.tasks.predictions import LabelPrediction, LabelsPrediction, ValuePrediction
from cutaway.tasks.shared import ClassificationConfig
from cutaway.tasks.task import EvaluationOptions, LoadedModel, Tokenizers

Config = TypeVar("Config", bound=ClassificationConfig)
Prediction: TypeAlias = LabelPrediction | LabelsPrediction | ValuePrediction


class SequenceClassification:
    """Cross-entropy of the label; mean binary cross-entropy over all labels; or squared error of a number.

    Args:
        problem: `single_label`, `multi_label` or `regression`.
        weights: of each label in training; all 1 if not given.
        inputs: the format of what the model reads.
    """

    def __init__(self, problem: str, weights: Sequence[float] | None = None, inputs: InputFormat = TOKENS) -> None:
        self._loss, self._correct = _PROBLEMS[problem]
        self._weights = weights
        self._inputs = inputs

    def collate(self, examples: Sequence[LabelledRow], device: torch.device) -> Batch:
        """Batches inputs, padded at the end, and targets."""
        batch = to_tensors(self._inputs.batch([row.shown for row in examples]), device)
        return {**batch, "targets": torch.tensor([row.target for row in examples], device=device)}

    def loss(self, model: Model, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums the loss over the examples, weighted by label."""
        weights = None if self._weights is None else torch.tensor(self._weights, device=batch["targets"].device)
        return self._loss(_logits(model, batch), batch["targets"], weights), torch.tensor(len(batch["targets"]))

    def measure(self, model: Model, batch: Batch) -> dict[str, Tensor]:
        """Sums the unweighted loss, and counts the examples whose labels are all right."""
        logits, targets = _logits(model, batch), batch["targets"]
        return {
            "loss": self._loss(logits, targets, None),
            "count": torch.tensor(len(targets)),
            "correct": self._correct(logits, targets),
        }

    def score(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Loss per example, and the fraction of examples that are right (for numbers: within one half)."""
        return {"loss": sums["loss"] / sums["count"], "accuracy": sums["correct"] / sums["count"]}


class ClassificationTask(ExampleTask[Config, AnyExample]):
    """Chooses a label, or several, or predicts a number.

    Attributes:
        inputs: the format of what the model reads.
    """

    inputs: ClassVar[InputFormat] = TOKENS

    @abstractmethod
    def encode(self, tokenizers: Tokenizers, given: Sequence[Any], truncated: Counter[str] | None) -> list[Any]:
        """What users give, as the model reads it.

        Inputs that are too long are truncated and counted in `truncated`; without it, they are rejected.

        Raises:
            UserError: an input cannot be read, or the model does not take it.
        """

    @abstractmethod
    def input_of(self, example: AnyExample) -> Any:
        """What `encode` takes, of an example."""

    @abstractmethod
    def labels_of(self, example: AnyExample) -> tuple[str, ...]:
        """The labels of an example."""

    def length(self, shown: Any) -> int:
        """The length of an encoded input in vectors of the model."""
        return self.inputs.length(shown)

    @property
    def are_numbers(self) -> bool:
        """Whether labels are numbers."""
        return self.task_config.problem == "regression"

    def label_sets(self, example: AnyExample) -> Iterable[tuple[str, ...]]:
        """One decision per example."""
        return [self.labels_of(example)]

    def classes(self, example: AnyExample) -> Iterable[str]:
        """Its labels, unless they are numbers."""
        return () if self.are_numbers else self.labels_of(example)

    def fit(self, examples: Sequence[AnyExample]) -> RunConfig:
        """Takes the labels from the examples, unless they are chosen."""
        task = self.task_config
        labels = task.labels or known_labels([self.labels_of(example) for example in examples], task.problem)
        return with_labels(with_task(self.config, labels=labels), len(labels or (1,)))

    def rows(self, tokenizers: Tokenizers, examples: Sequence[AnyExample], counted: Counter[str]) -> list[LabelledRow]:
        """Inputs with the numbers of their labels."""
        shown = self.encode(tokenizers, [self.input_of(example) for example in examples], counted)
        return labelled_rows(shown, self.length, [self.labels_of(one) for one in examples], self.task_config)

    def objective(self, rows: Sequence[LabelledRow]) -> SequenceClassification:
        """The loss of the problem."""
        task, weights = self.task_config, None
        if task.class_weights == "balanced" and task.problem == "single_label" and task.labels:
            weights = balanced_weights([int(row.target[0]) for row in rows], len(task.labels))
        return SequenceClassification(task.problem, weights, self.inputs)

    def placeholder_row(self) -> LabelledRow:
        """A blank input with the first label."""
        task, shown = self.task_config, self.placeholder_input()
        labels = task.labels or [str(i) for i in range(self.expected_labels())]
        target = TARGETS[task.problem](("0",) if task.problem == "regression" else (labels[0],), labels)
        return LabelledRow(shown, self.length(shown), target)

    @abstractmethod
    def placeholder_input(self) -> Any:
        """An encoded input that fills the model's context."""

    def predict(self, loaded: LoadedModel, inputs: Sequence[Any]) -> list[Prediction]:
        """A record per input (see `Pipeline.classify`)."""
        return self.classify(loaded, inputs)

    @torch.inference_mode()
    def classify(
        self, loaded: LoadedModel, given: Sequence[Any], truncated: Counter[str] | None = None
    ) -> list[Prediction]:
        """Predictions for inputs (see `Pipeline.classify`)."""
        model, task = loaded.model, self.task_config
        device = device_of(model)

        def compute(some: Sequence[Any]) -> list[Tensor]:
            arguments = to_tensors(self.inputs.batch(some), device)
            return list(model(arguments.pop("inputs"), **arguments).double())

        shown = self.encode(loaded.tokenizers, given, truncated)
        sizes = [self._vectors(model, one) for one in shown]
        logits = in_groups(shown, sizes, compute, shape=self.inputs.shape)
        return [_PREDICTIONS[task.problem](row, task.labels or ()) for row in logits]

    def measure(self, loaded: LoadedModel, examples: Sequence[AnyExample], options: EvaluationOptions) -> Report:
        """Accuracy and a report by class, or correlations of numbers; long inputs are truncated, as in training."""
        truncated: Counter[str] = Counter()
        found = self.classify(loaded, [self.input_of(example) for example in examples], truncated)
        report = self._report(found, [self.labels_of(example) for example in examples])
        cut = {"truncated": truncated.total()} if truncated else {}
        return Report({**report.figures, **cut}, report.signatures, report.parts)

    def _report(self, found: Sequence[Any], true: Sequence[tuple[str, ...]]) -> Report:
        labels = self.task_config.labels or ()
        if self.task_config.problem == "regression":
            return regression_report([one.value for one in found], [value_of(one) for one in true])
        if self.task_config.problem == "multi_label":
            return multi_label_report([one.labels for one in found], true, labels)
        return classification_report([one.label for one in found], [", ".join(one) for one in true], labels)

    def _vectors(self, model: Transformer, shown: Any) -> int:
        """The number of vectors that the model's embedding makes of an input."""
        stack = model.decoder if isinstance(model, DecoderOnly) else model.encoder
        return stack.embedding.slots(torch.from_numpy(self.inputs.batch([shown])["inputs"])).shape[1]


def balanced_weights(targets: Sequence[int], labels: int) -> list[float]:
    """A weight per label such that all labels have the same total weight, and the mean weight of the examples is 1."""
    counts = [max(1, targets.count(label)) for label in range(labels)]
    return [len(targets) / (labels * count) for count in counts]


def _logits(model: Model, batch: Batch) -> Tensor:
    others = {name: tensor for name, tensor in batch.items() if name not in ("inputs", "targets")}
    logits: Tensor = model(batch["inputs"], **others)
    return logits.float()


def _single_loss(logits: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    return F.cross_entropy(logits, targets[:, 0].long(), weight=weights, reduction="sum")


def _multi_label_loss(logits: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, targets, weight=weights, reduction="sum") / logits.shape[1]


def _squared_error(logits: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
    return F.mse_loss(logits, targets, reduction="sum")


_Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]
_Correct = Callable[[Tensor, Tensor], Tensor]
_PROBLEMS: dict[str, tuple[_Loss, _Correct]] = {
    "single_label": (_single_loss, lambda logits, targets: (logits.argmax(dim=1) == targets[:, 0]).sum()),
    "multi_label": (_multi_label_loss, lambda logits, targets: ((logits > 0) == targets.bool()).all(dim=1).sum()),
    "regression": (_squared_error, lambda logits, targets: ((logits - targets).abs() < 0.5).sum()),
}


def _predict_label(logits: Tensor, labels: tuple[str, ...]) -> LabelPrediction:
    probabilities = dict(zip(labels, logits.softmax(dim=-1).tolist(), strict=True))
    label = max(probabilities, key=probabilities.__getitem__)
    return LabelPrediction(label, probabilities[label], probabilities)


def _predict_labels(logits: Tensor, labels: tuple[str, ...]) -> LabelsPrediction:
    probabilities = dict(zip(labels, logits.sigmoid().tolist(), strict=True))
    return LabelsPrediction(tuple(label for label in labels if probabilities[label] > 0.5), probabilities)


def _predict_value(logits: Tensor, labels: tuple[str, ...]) -> ValuePrediction:
    return ValuePrediction(logits.item())


_PREDICTIONS: dict[str, Callable[[Tensor, tuple[str, ...]], Prediction]] = {
    "single_label": _predict_label,
    "multi_label": _predict_labels,
    "regression": _predict_value,
}
