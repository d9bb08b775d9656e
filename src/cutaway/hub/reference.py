"""Reference logits by `transformers`, if it is installed."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cutaway.hub.families import all_families
from cutaway.model.heads import Head
from cutaway.model.run_folder import read_json

Reference = Callable[..., Tensor]
"""Takes the arguments of our models, and returns logits."""
Ids = Callable[[str], list[int]]
"""Takes a text, and returns its token ids with the special tokens around it."""


def open_reference(folder: Path, head: Head) -> Reference | None:
    """The model of a Hugging Face folder in `transformers`, in fp32; None if the library or its class is missing.

    Args:
        folder: with config.json and weights.
        head: ours, applied to the hidden states of models without a head.

    Returns:
        a function of our model's arguments: inputs, `attention_mask`, `segments`, `source` and `source_mask`.
    """
    try:
        import transformers
    except ImportError:
        return None
    architectures = read_json(folder / "config.json").get("architectures") or []
    theirs = getattr(transformers, architectures[0], None) if architectures else None
    if theirs is None:
        return None
    transformers.utils.logging.disable_progress_bar()
    model = theirs.from_pretrained(folder, dtype=torch.float32).eval()
    return partial(_compute, model, head)


def open_tokenizer(folder: Path) -> Ids | None:
    """The tokenizer of a Hugging Face folder in `transformers`; None if the library is missing.

    Returns:
        a function from a text to its token ids, with the special tokens around it.
    """
    try:
        import transformers
    except ImportError:
        return None
    theirs = transformers.AutoTokenizer.from_pretrained(str(folder))
    return lambda text: list(theirs(text)["input_ids"])


@torch.inference_mode()
def _compute(
    model: Any,
    head: Head,
    inputs: Tensor,
    *,
    attention_mask: Tensor | None = None,
    segments: Tensor | None = None,
    source: Tensor | None = None,
    source_mask: Tensor | None = None,
) -> Tensor:
    given: dict[str, Any] = {"attention_mask": attention_mask}
    if model.main_input_name == "pixel_values":
        given = {"pixel_values": inputs.expand(-1, model.config.num_channels, -1, -1)}  # a grey picture, in RGB
    elif source is not None:
        given = {"input_ids": source, "attention_mask": source_mask, "decoder_input_ids": inputs}
        given["decoder_attention_mask"] = attention_mask
    else:
        given["input_ids"] = inputs
        if segments is not None:
            given["token_type_ids"] = segments
        elif attention_mask is not None and _counts_slots(model):
            given["position_ids"] = (attention_mask.long().cumsum(dim=1) - 1).clamp(min=0)
    output = model(**{name: tensor for name, tensor in given.items() if tensor is not None})
    if hasattr(output, "start_logits"):  # of the two ends of an answer
        return torch.stack([output.start_logits, output.end_logits], dim=-1)
    answer: Tensor = output.logits if hasattr(output, "logits") else head(output.last_hidden_state, attention_mask)
    return answer


def _counts_slots(model: Any) -> bool:
    """Whether it counts padding in positions unless it is given positions, as their decoders do."""
    family = all_families().get(model.config.model_type)
    return family is not None and family.choices.get("architecture") == "decoder"
