"""Looking further ahead: each depth is its equation and sees no more than it may; the usual forward does without."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from cutaway.model.transformer import DecoderOnly
from cutaway.nn.losses import IGNORED
from cutaway.tap import capture, tap_names
from cutaway.tasks.language_modeling.task import LanguageModeling
from model.identities import close
from variants import BATCH, EXPERTS, GATED, LATENT, TOKENS, VOCABULARY, WIDTH, hidden, tokens, variant

DEPTHS = 2
CHOICES: dict[str, dict[str, Any]] = {
    "learned positions": {},
    "rotary positions, experts": {"position": "rotary", "feedforward": EXPERTS},
    "latent attention": {"position": "rotary", "attention": LATENT, "norm": "rms", "residual": "parallel"},
    "relative positions, a free head": {"position": "relative", "residual": "post", "head": {"tied": False}},
}
every_choice = pytest.mark.parametrize("choices", CHOICES.values(), ids=CHOICES)


def seer(**choices: Any) -> DecoderOnly:
    model = variant(multi_token_prediction=DEPTHS, **choices)
    assert isinstance(model, DecoderOnly)
    return model.eval()


def depths(model: DecoderOnly, ids: Tensor) -> tuple[Tensor, ...]:
    return hidden(model, ids).multi_token


@every_choice
def test_each_depth_is_its_equation(choices: dict[str, Any]) -> None:
    model, ids = seer(**choices), tokens()
    read = hidden(model, ids)
    states = read.states
    for k, (ahead, found) in enumerate(zip(model.multi_token_prediction, read.multi_token, strict=True), 1):
        token = model.decoder.embed.tokens.weight[ids[:, k:]]  # no position is added: where it stands is known to h
        both = torch.cat([ahead.hidden_norm(states[:, :-1]), ahead.token_norm(token)], dim=-1)
        x = both @ ahead.project.weight.T
        queries = model.decoder.token_positions(ids[:, : TOKENS - k], None, None, None)
        states = ahead.norm(ahead.block(x, model.decoder.geometries(queries)[-1]))
        assert found.shape == (BATCH, TOKENS - k, WIDTH)
        assert close(found, states)


@every_choice
def test_depth_k_sees_up_to_k_tokens_further_and_no_more(choices: dict[str, Any]) -> None:
    model, ids = seer(**choices), tokens()
    changed = ids.clone()
    changed[:, 7] = (changed[:, 7] + 1) % VOCABULARY
    for k, (before, after) in enumerate(zip(depths(model, ids), depths(model, changed), strict=True), 1):
        difference = (before - after).abs().amax(dim=(0, 2))
        assert (difference[: 7 - k] < 1e-5).all()
        assert (difference[7 - k :] > 1e-3).all()


def test_a_text_that_is_too_short_is_looked_ahead_in_as_far_as_it_goes() -> None:
    model = seer()
    assert [found.shape[1] for found in depths(model, tokens(length=2))] == [1]
    assert depths(model, tokens(length=1)) == ()


@every_choice
def test_the_usual_forward_is_that_of_a_model_that_looks_no_further(choices: dict[str, Any]) -> None:
    model, plain = seer(**choices), variant(**choices).eval()
    plain.load_state_dict(
        {name: weight for name, weight in model.state_dict().items() if not name.startswith("multi_token_prediction")}
    )
    assert torch.equal(model(tokens()), plain(tokens()))
    names = {name for name in tap_names(model) if not name.startswith("multi_token_prediction.")}
    assert names == set(tap_names(plain))
    with capture(model, "*") as trace:
        model(tokens())
    assert set(trace) == names, "none under `ahead` is emitted"


@every_choice
def test_taps_under_ahead_are_those_of_looking_ahead(choices: dict[str, Any]) -> None:
    model = seer(**choices)
    with capture(model, "multi_token_prediction.*") as trace:
        found = hidden(model, tokens()).multi_token
    assert set(trace) == {name for name in tap_names(model) if name.startswith("multi_token_prediction.")}
    assert torch.equal(trace["multi_token_prediction.1.norm"], found[1])
    assert "multi_token_prediction.0.block.self_attention.pattern" in trace


def test_table_and_head_are_the_model_s_own() -> None:
    model = seer(head={"tied": False})
    tables = [name for name, weight in model.named_parameters() if weight.shape == (VOCABULARY, WIDTH)]
    assert tables == ["decoder.embed.tokens.weight", "head.projection.weight"]


def test_first_layers_are_not_repeated_ahead() -> None:
    model = seer(feedforward=EXPERTS, first_layers={"count": 1, "feedforward": GATED})
    kinds = [
        type(block.feedforward).__name__ for block in (*model.decoder.blocks, model.multi_token_prediction[0].block)
    ]
    assert kinds == ["Gated", "Experts", "Experts"]


WEIGHT = 0.7


def batch() -> dict[str, Tensor]:
    """Windows of which the last is filled up."""
    targets = torch.cat([tokens()[:, 1:], tokens(length=1, seed=3)], dim=1)
    targets[-1, 6:] = IGNORED
    return {"inputs": tokens(), "targets": targets}


def log_probabilities(model: DecoderOnly, hidden: Tensor, targets: Tensor) -> Tensor:
    """Of the targets that count."""
    keep = targets != IGNORED
    return -F.cross_entropy(model.head(hidden)[keep], targets[keep], reduction="none")


@every_choice
def test_the_loss_adds_the_mean_of_all_depths_and_counts_the_first(choices: dict[str, Any]) -> None:
    model, given = seer(**choices), batch()
    loss, count = LanguageModeling(multi_token_weight=WEIGHT).loss(model, given)
    main = log_probabilities(model, hidden(model, given["inputs"]).states, given["targets"])
    further = [
        log_probabilities(model, found, given["targets"][:, k:])
        for k, found in enumerate(depths(model, given["inputs"]), 1)
    ]
    assert count == len(main) > len(further[0]) > len(further[1])
    torch.testing.assert_close(loss, -main.sum() - WEIGHT * (further[0].sum() + further[1].sum()) / DEPTHS)
    plain = variant(**choices).eval()
    plain.load_state_dict(
        {name: weight for name, weight in model.state_dict().items() if not name.startswith("multi_token_prediction")}
    )
    torch.testing.assert_close(LanguageModeling().loss(plain, given)[0], -main.sum())


def test_measuring_tells_the_main_loss_and_how_often_a_look_ahead_is_right() -> None:
    model, given, task = seer(), batch(), LanguageModeling()
    figures = task.score({name: one.item() for name, one in task.measure(model, given).items()})
    main = log_probabilities(model, hidden(model, given["inputs"]).states, given["targets"])
    assert figures["loss"] == pytest.approx(-main.mean().item(), rel=1e-5)
    right, count = 0, 0
    for k, found in enumerate(depths(model, given["inputs"]), 1):
        keep = given["targets"][:, k:] != IGNORED
        right += (model.head(found).argmax(dim=-1) == given["targets"][:, k:])[keep].sum().item()
        count += keep.sum().item()
    assert figures["multi_token_accuracy"] == right / count
    assert "multi_token_accuracy" not in task.score({"loss": 1.0, "count": 2, "correct": 1})


def test_every_weight_learns() -> None:
    model = seer(feedforward=EXPERTS).train()
    LanguageModeling().loss(model, batch())[0].backward()
    assert all((weight.grad != 0).any() for name, weight in model.named_parameters() if "experts" not in name)
    assert all(weight.grad is not None for weight in model.parameters())
