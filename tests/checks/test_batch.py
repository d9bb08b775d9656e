"""Examples of several lengths in one batch: nothing of them is lost, and what stands beside them is padding."""

from typing import Any

import pytest
import torch

from cutaway.checks.batch import Batch, Side, join, kept, with_other_padding
from cutaway.checks.example_batches import make_examples
from variants import config_of

LENGTHS = [5, 2, 3]
FRAMES = {"architecture": "encoder", "embedding": {"kind": "frames", "bins": 7}, "head": {"kind": "sequence"}}
PATCHES = {"kind": "patches", "patch": 2, "channels": 3, "height": 6, "width": 8}
SEGMENTS = {"architecture": "encoder", "embedding": {"segments": 2}}
GRAPHS = {
    "architecture": "encoder",
    "position": {"kind": "shortest_path", "max_distance": 4},
    "head": {"kind": "sequence"},
}
TWO_SIDES = {"architecture": "encoder_decoder", "source_vocabulary": 41}
ALL: dict[str, tuple[dict[str, Any], set[str]]] = {
    "text": ({}, {"attention_mask"}),
    "parts": (SEGMENTS, {"attention_mask", "segments"}),
    "sound": (FRAMES, {"attention_mask"}),
    "graphs": (GRAPHS, {"attention_mask", "distances"}),
    "pairs": (TWO_SIDES, {"attention_mask", "source", "source_mask"}),
    "captions": ({"architecture": "encoder_decoder", "source_embedding": PATCHES}, {"attention_mask", "source"}),
}


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("what", ALL)
def test_each_example_stands_where_its_mask_says(what: str, side: Side) -> None:
    choices, names = ALL[what]
    examples = make_examples(config_of(**choices), {}, LENGTHS, seed=3)
    batch = join(examples, side)
    assert set(batch.arguments) == names
    assert batch.attention_mask is not None
    assert batch.attention_mask[:, 0 if side == "right" else -1].all()
    for row, (one, length) in enumerate(zip(examples, LENGTHS, strict=True)):
        mask = batch.attention_mask[row]
        assert mask.sum() == length
        assert torch.equal(batch.inputs[row, mask], one.inputs[0])
        assert (batch.inputs[row, ~mask] == 0).all()
        assert torch.equal(kept(batch.inputs[..., None], batch)[row][..., 0], one.inputs[0])


@pytest.mark.parametrize("side", ["left", "right"])
def test_sources_have_lengths_and_a_mask_of_their_own(side: Side) -> None:
    examples = make_examples(config_of(**TWO_SIDES), {}, LENGTHS, seed=3)
    batch = join(examples, side)
    assert batch.source is not None
    assert batch.source_mask is not None
    assert batch.source_mask.sum(dim=1).tolist() == LENGTHS[::-1]
    for source, mask, one in zip(batch.source, batch.source_mask, examples, strict=True):
        assert one.source is not None
        assert torch.equal(source[mask], one.source[0])


@pytest.mark.parametrize("side", ["left", "right"])
def test_distances_go_by_positions_which_do_not_count_padding(side: Side) -> None:
    examples = make_examples(config_of(**GRAPHS), {}, LENGTHS, seed=3)
    batch = join(examples, side)
    assert batch.distances is not None
    for row, one in zip(batch.distances, examples, strict=True):
        assert one.distances is not None
        nodes = one.inputs.shape[1]
        assert torch.equal(row[:nodes, :nodes], one.distances[0])


def test_one_length_needs_no_mask() -> None:
    assert join(make_examples(config_of(), {}, [4, 4], seed=3)).attention_mask is None


@pytest.mark.parametrize("what", ALL)
def test_other_padding_changes_padding_and_nothing_else(what: str) -> None:
    config = config_of(**ALL[what][0])
    padded = join(make_examples(config, {}, LENGTHS, seed=3), "left")
    other = join(make_examples(config, {}, [max(LENGTHS)] * len(LENGTHS), seed=4))
    changed = with_other_padding(padded, other)
    assert changed.arguments.keys() == padded.arguments.keys()
    masks = {"inputs": padded.attention_mask, "segments": padded.attention_mask, "source": padded.source_mask}
    for name, mask in masks.items():
        now, before, filler = (getattr(batch, name) for batch in (changed, padded, other))
        if now is not None and mask is not None:
            assert torch.equal(now[mask], before[mask])
            assert torch.equal(now[~mask], filler[~mask])


def test_a_batch_is_cut_by_rows() -> None:
    batch = Batch(torch.arange(12).view(4, 3), source=torch.arange(8).view(4, 2))
    assert torch.equal(batch[[2, 0]].inputs, torch.tensor([[6, 7, 8], [0, 1, 2]]))
    assert torch.equal(batch[1:2].arguments["source"], torch.tensor([[2, 3]]))
