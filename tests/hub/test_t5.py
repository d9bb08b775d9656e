"""T5, its version 1.1 and mT5, here and in `transformers`."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from cutaway.errors import UserError
from cutaway.hub.exporting import Wishes, export_folder
from cutaway.hub.importing import import_folder
from cutaway.model.run_folder import read_json, write_json, write_tensors
from hub.families.t5 import CASES, COPIES, case
from hub.parity import RELATIVE, bring, difference, example, theirs
from support import require_module


def test_the_longest_text_of_training_is_known(tmp_path: Path) -> None:
    assert bring(case(n_positions=19), tmp_path)[1].config.model.context == 19


@pytest.mark.parametrize("called_tied", [True, False])
@pytest.mark.parametrize("name", ["T5", "MT5"])
@torch.no_grad()
def test_a_head_of_its_own_is_read_whatever_the_file_calls_it(name: str, called_tied: bool, tmp_path: Path) -> None:
    model = theirs(case(name, feed_forward_proj="gated-gelu"))
    model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.lm_head.weight))
    if name == "T5":
        model.config.scale_decoder_outputs = False
    model.save_pretrained(tmp_path / "theirs")
    said = read_json(tmp_path / "theirs/config.json")
    if not called_tied:  # as version 1.1 was published
        said = {**said, "tie_word_embeddings": False}
        said.pop("scale_decoder_outputs", None)
        write_json(tmp_path / "theirs/config.json", said)
    imported = import_folder(tmp_path / "theirs")
    wishes = Wishes(0, imported.model_type)
    family = export_folder(imported.model, imported.config, tmp_path / "ours", {"pad_token_id": 0}, wishes)
    assert family.model_type == name.lower()
    library = getattr(require_module("transformers"), f"{name}ForConditionalGeneration")
    again = library.from_pretrained(tmp_path / "ours", dtype=torch.float32).eval()
    one = example(model)
    for reference in (model, again):
        ours, answer = imported.model(one.inputs, **one.ours), reference(**one.theirs).logits
        assert difference(ours[one.mask.bool()], answer[one.mask.bool()]) <= RELATIVE


@pytest.mark.parametrize("name", COPIES)
def test_every_copy_of_the_embedding_must_be_the_same(name: str, tmp_path: Path) -> None:
    bring(CASES[0], tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    copies = {copy: tensors["shared.weight"].clone() for copy in COPIES}
    write_tensors(tmp_path / "model.safetensors", tensors | copies)
    import_folder(tmp_path)
    write_tensors(tmp_path / "model.safetensors", tensors | copies | {name: copies[name] + 1})
    with pytest.raises(UserError, match=f"{name} differs from shared.weight"):
        import_folder(tmp_path)
