"""The same model here and in `transformers`: in from its folder, and out to one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from cutaway.hub.exporting import export_folder
from cutaway.hub.families import FAMILIES
from cutaway.hub.importing import Imported, import_folder
from cutaway.model.files import read_json
from support import require_module

BATCH, TOKENS = 3, 11
RELATIVE = 1e-5


@dataclass(frozen=True)
class Case:
    """A tiny model of theirs.

    Attributes:
        config: the name of their config's class.
        model: the name of their model's class.
        options: of the config, with sizes that are pairwise different.
        padding: on which side rows of several lengths are filled up.
    """

    config: str
    model: str
    options: Mapping[str, Any] = field(default_factory=dict)
    padding: str = "right"

    def __str__(self) -> str:
        return f"{self.model}-{'-'.join(map(str, self.options.values()))[:60]}"


def theirs(case: Case) -> Any:
    """Their model, every weight random: norms and biases too, so that none can be left out unnoticed."""
    transformers = require_module("transformers")
    torch.manual_seed(0)
    model = getattr(transformers, case.model)(getattr(transformers, case.config)(**case.options)).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn_like(weight)
    return model


def bring(case: Case, folder: Path) -> tuple[Any, Imported]:
    """Their model, and ours from the folder that they wrote."""
    model = theirs(case)
    model.save_pretrained(folder)
    return model, import_folder(folder)


def rows(vocabulary: int, side: str = "right", pad: int = 0) -> tuple[Tensor, dict[str, Tensor]]:
    """Tokens of several lengths, and what their model must be told of padding: on the left it would count it."""
    tokens = torch.randint(5, vocabulary, (BATCH, TOKENS), generator=torch.Generator().manual_seed(1))
    keep = torch.arange(TOKENS)[None] < torch.tensor([TOKENS, TOKENS - 3, 4])[:, None]
    mask = (keep if side == "right" else keep.flip(1)).long()
    told = {"attention_mask": mask}
    if side == "left":
        told["position_ids"] = (mask.cumsum(dim=1) - 1).clamp(min=0)
    return tokens.masked_fill(mask == 0, pad), told


def difference(ours: Tensor, theirs: Tensor) -> float:
    """The largest difference, relative to the largest number."""
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max() / theirs.abs().max())


@torch.no_grad()
def require_parity(case: Case, folder: Path, *, tolerance: float = RELATIVE) -> None:
    """In: the same logits, without padding and with it."""
    model, imported = bring(case, folder)
    tokens, told = rows(model.config.vocab_size, case.padding, model.config.pad_token_id or 0)
    mask = told["attention_mask"]
    whole = tokens[mask.all(dim=1)]
    assert difference(imported.model(whole), logits(model(whole))) <= tolerance
    ours, reference = imported.model(tokens, attention_mask=mask), logits(model(tokens, **told))
    real = mask.bool() if ours.dim() == 3 and ours.shape[:2] == mask.shape else torch.ones(BATCH, dtype=torch.bool)
    assert difference(ours[real], reference[real]) <= tolerance


def logits(output: Any) -> Tensor:
    """What their model answers: for questions the scores of both ends, else its logits."""
    if hasattr(output, "start_logits"):
        return torch.stack([output.start_logits, output.end_logits], dim=-1)
    return output.logits


@torch.no_grad()
def require_round_trip(case: Case, folder: Path) -> None:
    """Out again: their library opens what we write, and every tensor is bit for bit what it was."""
    _, imported = bring(case, folder / "theirs")
    family = export_folder(imported.model, imported.config, folder / "ours", {})
    assert family is FAMILIES[family.model_type]
    before, after = load_file(folder / "theirs/model.safetensors"), load_file(folder / "ours/model.safetensors")
    assert family.model_type == imported_type(folder / "theirs")
    assert {name for name in before if name not in after} <= unwritten(before, family, imported)
    for name, tensor in after.items():
        assert torch.equal(tensor, before[name]), name
    again, account = getattr(require_module("transformers"), case.model).from_pretrained(
        folder / "ours", output_loading_info=True, dtype=torch.float32
    )
    assert not account["missing_keys"]
    assert not account["unexpected_keys"]
    tokens, _ = rows(again.config.vocab_size)
    assert difference(imported.model(tokens[:1]), logits(again.eval()(tokens[:1]))) <= RELATIVE


def imported_type(folder: Path) -> str:
    """The `model_type` of a folder."""
    name: str = read_json(folder / "config.json")["model_type"]
    return name


def unwritten(names: Mapping[str, Tensor], family: Any, imported: Imported) -> set[str]:
    """Tensors of their file that no rule is for: the model has no use for them."""
    table = family.table(imported.config.model, imported.config.task.kind)
    return set(names) - {name for rule in table.rules for name in rule.theirs}
