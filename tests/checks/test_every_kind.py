"""Whatever a model is, it passes what is measured of it, and only what makes no sense of it is not."""

from pathlib import Path
from typing import Any

import pytest
import torch

from cutaway.checks.measure import Measurement, NotForThis
from cutaway.checks.properties import check
from cutaway.checks.subject import Subject, make_subject
from cutaway.config.run import RunConfig
from cutaway.model import formats
from cutaway.runs.checking import subject_of
from runs.kinds import KINDS, begin
from variants import EXPERTS, IN_GROUPS, LATENT, config_of, name, variant

pytestmark = pytest.mark.usefixtures("unchecked")

VARIANTS: list[dict[str, Any]] = [
    {"attention": LATENT, "position": "rotary", "norm": "rms", "feedforward": EXPERTS | IN_GROUPS},
    {"attention": {"window": 4, "kv_heads": 2, "softcap": 2.0}, "position": "alibi", "residual": "parallel"},
    {"architecture": "encoder_decoder", "attention": LATENT, "position": "relative", "source_vocabulary": 41},
]
ELSEWHERE = {"stored = plain", "CPU = device", "same as transformers", "ids as transformers"}
OF_DECODERS = {"cached = uncached", "changed cache = fresh", "future unseen"}
OF_LENGTHS = {"padded left = alone", "padded right = alone", "padding inert"}
OF_TEXT = {"text comes back", "special tokens sane"}
UNMEASURED = {
    **dict.fromkeys(("language_modeling", "sequence_to_sequence", "a tokenizer a side", "image_captioning"), ELSEWHERE),
    "proteins": ELSEWHERE,
    "image_classification": ELSEWHERE | OF_DECODERS | OF_LENGTHS | OF_TEXT,
}
"""By kind of run; of any other, what is of decoders and what needs another device or library."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_passes(kind: str, tmp_path: Path) -> None:
    assert unmeasured(subject_of(begin(kind, tmp_path).pipeline)) == UNMEASURED.get(kind, ELSEWHERE | OF_DECODERS)


@pytest.mark.parametrize("choices", VARIANTS, ids=name)
def test_a_variant_passes(choices: dict[str, Any]) -> None:
    config = RunConfig(model=config_of(**choices))
    assert unmeasured(make_subject(variant(**choices), config, {})) == ELSEWHERE | OF_TEXT


@pytest.mark.parametrize("quantize", [None, "q8", "q4"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("choices", VARIANTS[::2], ids=name)
def test_a_variant_passes_in_every_format(
    choices: dict[str, Any], dtype: torch.dtype, quantize: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "LEAST", 0)
    monkeypatch.setattr(formats, "fastest", lambda ways, weights: [*ways][-1])
    config = RunConfig(model=config_of(**choices))
    subject = make_subject(formats.for_inference(variant(**choices), dtype, quantize), config, {})
    others = ELSEWHERE | OF_TEXT
    assert formats.format_of(subject.loaded) in ((quantize,) if quantize else ("packed", "columns"))
    assert unmeasured(subject) == others - {"stored = plain"}


def unmeasured(subject: Subject) -> set[str]:
    """The names of what is not for this model; all else must hold."""
    found = {tested.name: outcome for tested, outcome in check(subject)}
    assert [one for one in found.items() if isinstance(one[1], Measurement) and not one[1].passes] == []
    return {tested for tested, outcome in found.items() if isinstance(outcome, NotForThis)}
