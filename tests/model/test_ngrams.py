"""N-grams in a model: earlier tokens come from the cache, whatever is done to it, and every table can be seen."""

import torch

from cutaway.model.build import build
from cutaway.tap import capture, tap_names
from model.identities import LENGTHS, close, mask
from variants import BATCH, NGRAMS, TOKENS, config_of, tokens, variant

CHOICES = {"embedding": {"ngrams": NGRAMS}, "position": "rotary"}


def continued(model: torch.nn.Module, cache: object, more: torch.Tensor) -> torch.Tensor:
    """The logits of further tokens, one at a time."""
    return torch.cat([model(more[:, i : i + 1], cache=cache) for i in range(more.shape[1])], dim=1)


@torch.no_grad()
def test_rows_padded_on_the_right_continue_from_a_cache_as_alone() -> None:
    model, kept, more = variant(**CHOICES).eval(), mask("right", [TOKENS, 2, 9]), tokens(length=5, seed=5)
    for slots in (TOKENS + 5, None):
        cache = model.make_cache(BATCH, slots)
        model(tokens(), attention_mask=kept, cache=cache)
        found = continued(model, cache, more)
        for row in range(BATCH):
            alone = model(torch.cat([tokens()[row, kept[row]], more[row]])[None])[0, -5:]
            assert close(found[row], alone)


@torch.no_grad()
def test_a_padded_piece_after_others_continues_as_alone() -> None:
    model, kept, more = variant(**CHOICES).eval(), mask("left", LENGTHS), tokens(length=6, seed=5)
    later = mask("left", [6, 4, 1], width=6)
    cache = model.make_cache(BATCH, None)
    model(tokens(), attention_mask=kept, cache=cache)
    found = model(more, attention_mask=later, cache=cache)
    for row in range(BATCH):
        alone = model(torch.cat([tokens()[row, kept[row]], more[row, later[row]]])[None])[0]
        assert close(found[row, later[row]], alone[-int(later[row].sum()) :])


@torch.no_grad()
def test_a_cache_that_is_copied_shortened_or_reordered_keeps_the_right_tokens() -> None:
    model, more = variant(**CHOICES).eval(), tokens(length=4, seed=5)
    for slots in (TOKENS + 4, None):
        cache = model.make_cache(BATCH, slots)
        model(tokens(), cache=cache)
        twin = cache.copy()
        twin.truncate(6)
        rows = torch.tensor([2, 0, 0])
        twin.reorder(rows)
        expected = model(torch.cat([tokens()[rows, :6], more], dim=1))[:, -4:]
        assert close(continued(model, twin, more), expected)
        whole = model(torch.cat([tokens(), more], dim=1))[:, -4:]
        assert close(continued(model, cache, more), whole), "the copy is independent"


@torch.no_grad()
def test_a_fresh_model_answers_as_without_ngrams_whose_tables_are_zero() -> None:
    without, model = build(config_of(position="rotary")).eval(), build(config_of(**CHOICES)).eval()
    tables = {name: weight for name, weight in model.named_parameters() if ".ngrams." in name}
    assert [tuple(weight.shape) for weight in tables.values()] == [(1369, 20), (53, 20), (47, 20)]
    assert all((weight == 0).all() for weight in tables.values())
    assert torch.equal(model(tokens()), without(tokens()))


@torch.no_grad()
def test_each_length_of_ngrams_can_be_seen_and_replaced() -> None:
    model = variant(**CHOICES).eval()
    names = [name for name in tap_names(model) if ".ngrams" in name]
    assert names == ["decoder.embed.ngrams", *(f"decoder.embed.ngrams.{n}.out" for n in (2, 4, 3))]
    with capture(model, "decoder.embed.*") as trace:
        model(tokens())
    parts = [trace[f"decoder.embed.ngrams.{n}.out"] for n in (2, 4, 3)]
    assert close(sum(parts), trace["decoder.embed.ngrams"])
    assert [int((part[0].abs().sum(dim=1) == 0).sum()) for part in parts] == [1, 3, 2], "texts have fewer tokens there"
    with capture(model, edits={"decoder.embed.ngrams.3.out": lambda name, x: torch.zeros_like(x)}):
        without = model(tokens())
    assert not close(without, model(tokens()), 1e-3)
