"""T5 and its version 1.1, here and in `transformers`."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from cutaway.errors import UserError
from cutaway.hub.exporting import export_folder
from cutaway.hub.importing import import_folder
from cutaway.model.run_folder import read_json, write_json, write_tensors
from hub.families.t5 import CASES, COPIES, case
from hub.parity import RELATIVE, bring, difference, example, theirs
from support import require_module


def test_the_longest_text_of_training_is_known(tmp_path: Path) -> None:
    assert bring(case(n_positions=19), tmp_path)[1].config.model.context == 19


@pytest.mark.parametrize("called_tied", [True, False])
@torch.no_grad()
def test_a_head_of_its_own_is_read_whatever_the_file_calls_it(called_tied: bool, tmp_path: Path) -> None:
    model = theirs(CASES[1])
    model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.lm_head.weight))
    model.config.scale_decoder_outputs = False
    model.save_pretrained(tmp_path / "theirs")
    said = read_json(tmp_path / "theirs/config.json")
    if not called_tied:  # as version 1.1 was published
        said = {**said, "tie_word_embeddings": False}
        del said["scale_decoder_outputs"]
        write_json(tmp_path / "theirs/config.json", said)
    imported = import_folder(tmp_path / "theirs")
    export_folder(imported.model, imported.config, tmp_path / "ours", {"pad_token_id": 0})
    library = require_module("transformers").T5ForConditionalGeneration
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
