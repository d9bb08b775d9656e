"""Checking an opened model: the properties that every correct model has, as one report."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cutaway.checks.example_batches import SOURCE, TARGET
from cutaway.checks.measure import Measurement
from cutaway.checks.properties import PROPERTIES, Finding
from cutaway.checks.properties import check as find
from cutaway.checks.subject import Subject, make_subject
from cutaway.display import html_table
from cutaway.hub.reference import open_reference, open_tokenizer
from cutaway.model.formats import is_unrounded
from cutaway.pipeline import Pipeline

INAPPLICABLE = "not for this model"


@dataclass(frozen=True)
class Checked:
    """A property, and what was measured of it.

    Attributes:
        name: of the property.
        verdict: `pass`, `fail` or `not for this model`.
        failure_means: the consequence of a failure.
        measured: the number; None if the property does not apply. A NaN exceeds every bound.
        bound: the largest number that passes.
        unit: of both.
        culprit: what causes a failure, if it is known.
        reason: why the property does not apply.
    """

    name: str
    verdict: str
    failure_means: str
    measured: float | None = None
    bound: float | None = None
    unit: str = ""
    culprit: str = ""
    reason: str = ""

    @property
    def explanation(self) -> str:
        """What a failure means, and its cause if it failed and the cause is known."""
        return (
            f"{self.failure_means}: {self.culprit}" if self.culprit and self.verdict == "fail" else self.failure_means
        )


@dataclass(frozen=True)
class CheckReport:
    """All properties of a model."""

    properties: tuple[Checked, ...]

    @property
    def passed(self) -> bool:
        """Whether no property fails."""
        return all(one.verdict != "fail" for one in self.properties)

    @property
    def failures(self) -> tuple[Checked, ...]:
        """The properties that fail."""
        return tuple(one for one in self.properties if one.verdict == "fail")

    @property
    def summary(self) -> str:
        """The number of properties with each verdict, in words."""
        verdicts = [one.verdict for one in self.properties]
        counts = {"hold": "pass", "fail": "fail", f"are {INAPPLICABLE}": INAPPLICABLE}
        return ", ".join(f"{verdicts.count(one)} {words}" for words, one in counts.items())

    def __repr__(self) -> str:
        failed = ", ".join(one.name for one in self.failures)
        return f"CheckReport({self.summary}{f'; failed: {failed}' if failed else ''})"

    def _repr_html_(self) -> str:
        measured = [one for one in self.properties if one.verdict != INAPPLICABLE]
        rows = [[one.name, f"{one.measured:.2g}", f"{one.bound:.2g}", one.verdict, one.explanation] for one in measured]
        return html_table(["property", "measured", "bound", "", "what a failure means"], rows, self.summary)


def check_pipeline(
    pipeline: Pipeline, watch: Callable[[Iterable[Finding], int], Iterable[Finding]] = lambda found, total: found
) -> CheckReport:
    """Measures all properties of a model.

    Args:
        pipeline: with the model; its weights are not changed.
        watch: yields the findings, and may show progress; takes their number too.
    """
    findings: Iterator[Finding] = find(subject_of(pipeline))
    return CheckReport(tuple(_checked(one) for one in watch(findings, len(PROPERTIES))))


def subject_of(pipeline: Pipeline) -> Subject:
    """The model to check, with its tokenizers and, if it came from a folder for `transformers`, that implementation."""
    tokenizers = {TARGET: pipeline.tokenizer} if pipeline.config.task.spec.has_text else {}
    if pipeline.source_tokenizer is not None:
        tokenizers[SOURCE] = pipeline.source_tokenizer
    if pipeline.opened is None or not (folder := pipeline.opened.path).is_dir():
        return make_subject(pipeline.model, pipeline.config, tokenizers)
    reference_ids = open_tokenizer(folder) if tokenizers else None
    reference = open_reference(folder, pipeline.model.head) if is_unrounded(pipeline.model) else None
    return make_subject(pipeline.model, pipeline.config, tokenizers, reference, reference_ids)


def _checked(finding: Finding) -> Checked:
    tested, outcome = finding
    common: dict[str, Any] = {"name": tested.name, "failure_means": tested.failure}
    if not isinstance(outcome, Measurement):
        return Checked(**common, verdict=INAPPLICABLE, reason=outcome.reason)
    verdict = "pass" if outcome.passes else "fail"
    return Checked(
        **common,
        verdict=verdict,
        measured=outcome.measured,
        bound=outcome.bound,
        unit=tested.unit,
        culprit=outcome.culprit,
    )
