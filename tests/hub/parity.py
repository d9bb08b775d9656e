"""The same model here and in `transformers`: in from its folder, and out to one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from cutaway.generation.engine import Engine, Request
from cutaway.generation.sampling import Sampling
from cutaway.hub.exporting import Wishes, export_folder
from cutaway.hub.importing import Imported, import_folder
from cutaway.model.run_folder import read_json
from support import require_module

BATCH, TOKENS, TARGET_TOKENS = 3, 11, 9
RELATIVE = 1e-5


@dataclass(frozen=True)
class Case:
    """A tiny model of theirs.

    Attributes:
        config: the name of their config's class.
        model: the name of their model's class.
        options: of the config, with sizes that are pairwise different.
        padding: on which side rows of several lengths are filled up.
        unused: tables of theirs whose first rows no text uses, and how many: we write zeros there.
        apart: whether theirs reads each text alone and without padding, on which its numbers depend.
    """

    config: str
    model: str
    options: Mapping[str, Any] = field(default_factory=dict)
    padding: str = "right"
    unused: Mapping[str, int] = field(default_factory=dict)
    apart: bool = False

    def __str__(self) -> str:
        return f"{self.model}-{'-'.join(map(str, self.options.values()))[:60]}"


def theirs(case: Case) -> Any:
    """Their model, every weight random: norms and biases too, so that none can be left out unnoticed."""
    transformers = require_module("transformers")
    torch.manual_seed(0)
    model = getattr(transformers, case.model)(getattr(transformers, case.config)(**case.options)).eval()
    frozen = {weight.data_ptr() for weight in model.parameters() if not weight.requires_grad}
    state = model.state_dict()
    with torch.no_grad():
        for weight in {tensor.data_ptr(): tensor for tensor in state.values()}.values():
            if weight.data_ptr() not in frozen:
                weight += 0.2 * torch.randn_like(weight)
        for name, count in case.unused.items():
            state[name][:count] = 0
    return model


def bring(case: Case, folder: Path) -> tuple[Any, Imported]:
    """Their model, and ours from the folder that they wrote."""
    model = theirs(case)
    model.save_pretrained(folder)
    return model, import_folder(folder)


def rows(vocabulary: int, side: str = "right", pad: int = 0, length: int = TOKENS) -> tuple[Tensor, dict[str, Tensor]]:
    """Tokens of several lengths, and what their model must be told of padding: on the left it would count it."""
    tokens = torch.randint(5, vocabulary, (BATCH, length), generator=torch.Generator().manual_seed(1))
    keep = torch.arange(length)[None] < torch.tensor([length, length - 3, 4])[:, None]
    mask = (keep if side == "right" else keep.flip(1)).long()
    told = {"attention_mask": mask}
    if side == "left":
        told["position_ids"] = (mask.cumsum(dim=1) - 1).clamp(min=0)
    return tokens.masked_fill(mask == 0, pad), told


def difference(ours: Tensor, theirs: Tensor) -> float:
    """The largest difference, relative to the largest number."""
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max() / theirs.abs().max())


@dataclass(frozen=True)
class Example:
    """The same inputs for both.

    Attributes:
        inputs: the first argument of ours.
        ours: what else ours is told.
        theirs: what theirs is told.
        mask: of the inputs, where they have one.
    """

    inputs: Tensor
    ours: Mapping[str, Tensor]
    theirs: Mapping[str, Tensor]
    mask: Tensor | None = None

    def alone(self) -> "Example":
        """The first of them, which has no padding, without a word of padding."""
        ours, theirs = (
            {name: tensor[:1] for name, tensor in told.items() if "mask" not in name and name != "position_ids"}
            for told in (self.ours, self.theirs)
        )
        return Example(self.inputs[:1], ours, theirs)


def example(model: Any, side: str = "right") -> Example:
    """Inputs of several lengths, with padding; or images."""
    config = model.config
    if model.main_input_name == "pixel_values":
        height, width = config.image_size if isinstance(config.image_size, list | tuple) else [config.image_size] * 2
        images = torch.randn(BATCH, config.num_channels, height, width, generator=torch.Generator().manual_seed(1))
        return Example(images, {}, {"pixel_values": images})
    tokens, told = rows(config.vocab_size, side, config.pad_token_id or 0)
    mask = told["attention_mask"]
    if not config.is_encoder_decoder:
        return Example(tokens, {"attention_mask": mask}, {"input_ids": tokens, **told}, mask)
    target, target_told = rows(config.vocab_size, side, config.pad_token_id or 0, TARGET_TOKENS)
    target_mask = target_told["attention_mask"]
    return Example(
        target,
        {"attention_mask": target_mask, "source": tokens, "source_mask": mask},
        {
            "input_ids": tokens,
            "attention_mask": mask,
            "decoder_input_ids": target,
            "decoder_attention_mask": target_mask,
        },
        target_mask,
    )


@torch.no_grad()
def require_parity(case: Case, folder: Path, *, tolerance: float = RELATIVE) -> None:
    """In: the same logits, without padding and with it."""
    model, imported = bring(case, folder)
    padded = example(model, case.padding)
    for one in (padded.alone(), padded):
        ours, reference = imported.model(one.inputs, **one.ours), answers(case, model, one.theirs)
        if one.mask is not None and ours.shape[:2] == one.mask.shape:
            ours, reference = ours[one.mask.bool()], reference[one.mask.bool()]
        assert difference(ours, reference) <= tolerance


def answers(case: Case, model: Any, told: Mapping[str, Tensor]) -> Tensor:
    """What their model answers to a batch."""
    if not case.apart:
        return logits(model(**told))
    tokens = told["input_ids"]
    keep = told.get("attention_mask", torch.ones_like(tokens)).bool()
    found = torch.zeros(*tokens.shape, model.config.vocab_size)
    for row, text, kept in zip(found, tokens, keep, strict=True):
        row[kept] = logits(model(text[kept][None]))[0]
    return found


@torch.no_grad()
def require_same_text(case: Case, folder: Path, lengths: Sequence[int] = (1, 5)) -> None:
    """What both write on with a cache, always the likeliest token, behind prompts of these lengths."""
    model, imported = bring(case, folder)
    model.generation_config.eos_token_id = None
    for length in lengths:
        prompt = torch.randint(5, model.config.vocab_size, (1, length), generator=torch.Generator().manual_seed(length))
        written = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=TOKENS, do_sample=False)
        engine = Engine(imported.model, length + TOKENS, rows=1)
        request = Request(tuple(prompt[0].tolist()), Sampling(temperature=0.0), TOKENS)
        assert list(engine.stream(engine.submit(request))) == written[0, length:].tolist()


def logits(output: Any) -> Tensor:
    """What their model answers: for questions the scores of both ends, else its logits."""
    if hasattr(output, "start_logits"):
        return torch.stack([output.start_logits, output.end_logits], dim=-1)
    return output.logits


@torch.no_grad()
def require_round_trip(case: Case, folder: Path) -> None:
    """Out again: their library opens what we write, and every tensor is bit for bit what it was."""
    _, imported = bring(case, folder / "theirs")
    asked = read_json(folder / "theirs/config.json")
    tokens = {name: value for name, value in asked.items() if name.endswith("_token_id")}
    wishes = Wishes(tokens.get("pad_token_id"), asked["model_type"])
    family = export_folder(imported.model, imported.config, folder / "ours", tokens, wishes)
    before, after = load_file(folder / "theirs/model.safetensors"), load_file(folder / "ours/model.safetensors")
    assert family.model_type == asked["model_type"]
    assert {name for name in before if name not in after} <= unwritten(before, family, imported)
    copies = family.table(imported.config.model, imported.config.task.kind).stand_ins
    for name, tensor in after.items():
        assert torch.equal(tensor, before[copies.get(name, name)]), name
    again, account = getattr(require_module("transformers"), case.model).from_pretrained(
        folder / "ours", output_loading_info=True, dtype=torch.float32
    )
    assert not account["missing_keys"]
    assert not account["unexpected_keys"]
    one = example(again).alone()
    assert difference(imported.model(one.inputs, **one.ours), logits(again.eval()(**one.theirs))) <= RELATIVE


def unwritten(names: Mapping[str, Tensor], family: Any, imported: Imported) -> set[str]:
    """Tensors of their file that no rule is for: the model has no use for them."""
    table = family.table(imported.config.model, imported.config.task.kind)
    return set(names) - {name for rule in table.rules for name in rule.theirs}
