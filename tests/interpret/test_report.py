import math
import re

import numpy as np
import pytest
import torch

from cutaway.errors import JobError, UserError
from cutaway.interpret.report_page import MOST_TRAINING_POINTS, inspect_line, write_report
from cutaway.tap import capture
from interpret.pages import HOSTILE, LINE, Page, inspected, make_model, make_report, make_tokenizer

TOKENIZER = make_tokenizer()
IDS = TOKENIZER.encode(LINE)
MODEL = make_model(TOKENIZER.vocabulary)


@pytest.fixture(scope="module")
def expected():
    """The model's log-probabilities, computed beside the report."""
    model = make_model(TOKENIZER.vocabulary).eval()
    with torch.no_grad():
        return model(torch.tensor([IDS]))[0].log_softmax(-1)


def written(tmp_path, **changes):
    report = make_report(**changes)
    path = tmp_path / "report.html"
    write_report(path, report)
    return report, Page(path)


def test_attention_is_what_the_model_computes():
    line = inspected()
    model = make_model(TOKENIZER.vocabulary).eval()
    with torch.no_grad(), capture(model, "decoder.*.self_attention.pattern") as trace:
        model(torch.tensor([IDS]))
    assert line.attention.shape == (2, 3, len(IDS), len(IDS))
    for layer in range(2):
        assert np.array_equal(line.attention[layer], trace[f"decoder.{layer}.self_attention.pattern"][0].numpy())


def test_candidates_are_the_likeliest_and_have_their_probabilities(expected):
    line = inspected()
    best = expected.topk(5)
    for shown, ids, log_probabilities in zip(line.next_tokens, best.indices, best.values, strict=True):
        assert [piece for piece, _ in shown] == TOKENIZER.pieces(ids.tolist())
        assert [math.log(p) for _, p in shown] == pytest.approx(log_probabilities.tolist(), abs=1e-5)


def test_actual_tokens_have_their_log_probabilities_and_ranks(expected):
    line = inspected()
    assert len(line.actual) == len(IDS)
    assert line.actual[-1] is None
    for (rank, log_probability), row, follower in zip(line.actual[:-1], expected, IDS[1:], strict=False):
        assert log_probability == pytest.approx(float(row[follower]), abs=1e-5)
        assert rank == 1 + int((row > row[follower]).sum())


def test_a_rank_within_the_candidates_names_the_follower():
    line = inspected()
    within = [(position, actual[0]) for position, actual in enumerate(line.actual[:-1]) if actual[0] <= 5]
    assert within
    for position, rank in within:
        assert line.next_tokens[position][rank - 1][0] == line.pieces[position + 1]


def test_looking_leaves_the_model_as_it_was():
    inspect_line(MODEL, TOKENIZER, LINE)
    assert MODEL.training
    inspect_line(MODEL.eval(), TOKENIZER, LINE)
    assert not MODEL.training


def test_all_tokens_are_candidates_when_more_are_asked_for():
    line = inspect_line(MODEL, TOKENIZER, "o", top=99)
    assert line.actual == [None]
    assert len(line.next_tokens[0]) == TOKENIZER.vocabulary
    assert sum(p for _, p in line.next_tokens[0]) == pytest.approx(1, abs=1e-5)


def test_an_empty_line_is_refused():
    with pytest.raises(UserError, match="no token"):
        inspect_line(MODEL, TOKENIZER, "")


def test_a_line_too_long_for_the_page_is_refused_and_the_longest_fits(tmp_path):
    model = make_model(TOKENIZER.vocabulary, layers=5, heads=12)
    with pytest.raises(UserError, match="room for") as refusal:
        inspect_line(model, TOKENIZER, "o" * 200)
    most = int(re.search(r"room for (\d+)", str(refusal.value))[1])
    with pytest.raises(UserError, match="room for"):
        inspect_line(model, TOKENIZER, "o" * (most + 1))
    path = tmp_path / "report.html"
    write_report(path, make_report(**inspect_line(model, TOKENIZER, "o" * most)._asdict()))
    assert 1.5e6 < path.stat().st_size < 2e6


def test_the_page_holds_every_number(tmp_path):
    report, page = written(tmp_path)
    assert np.array_equal(page.attention, report.attention)
    assert page.attention.sum(-1) == pytest.approx(1, abs=1e-5)
    assert page.data["facts"] == [list(fact) for fact in report.facts.items()]
    assert page.data["next_tokens"] == [[list(candidate) for candidate in row] for row in report.next_tokens]
    assert page.data["actual"] == [actual and list(actual) for actual in report.actual]
    for curve in ("training", "validation", "samples"):
        assert page.data[curve] == [list(point) for point in getattr(report, curve)]


def test_a_long_training_curve_becomes_means_and_the_page_says_of_how_many(tmp_path):
    losses = np.random.default_rng(0).normal(2, 0.3, 4 * MOST_TRAINING_POINTS)
    training = [(5 * i, float(loss)) for i, loss in enumerate(losses)]
    _, page = written(tmp_path, training=training)
    assert page.data["training_mean_of"] == 4
    assert page.data["training"][-1][0] == training[-1][0]
    assert [loss for _, loss in page.data["training"]] == pytest.approx(losses.reshape(-1, 4).mean(1))


def test_text_is_never_markup(tmp_path):
    calm, calm_page = written(tmp_path)
    changes = {"title": HOSTILE, "facts": {HOSTILE: HOSTILE}, "samples": [(3, HOSTILE)]}
    pieces = [HOSTILE] * len(calm.pieces)
    candidates = [[(HOSTILE, p) for _, p in row] for row in calm.next_tokens]
    _, page = written(tmp_path, **changes, pieces=pieces, next_tokens=candidates)
    assert page.elements == calm_page.elements
    assert page.data["title"] == HOSTILE
    assert page.data["facts"] == [[HOSTILE, HOSTILE]]
    assert page.data["samples"] == [[3, HOSTILE]]
    assert page.data["pieces"] == pieces
    assert page.data["next_tokens"][0][0][0] == HOSTILE


def test_the_page_needs_nothing_from_outside(tmp_path):
    _, page = written(tmp_path)
    assert not [tag for tag, attributes in page.elements if {"src", "href", "srcset"} & attributes.keys()]
    assert not {"link", "img", "iframe", "object"} & {tag for tag, _ in page.elements}
    assert not re.search(r"https?:|//cdn|url\(|@import|\bimport\s*\(|fetch\(", page.text)
    policies = [attributes["content"] for tag, attributes in page.elements if "http-equiv" in attributes]
    assert [policy.split(";")[0] for policy in policies] == ["default-src 'none'"]
    assert len(page.text) < 2e5


def test_a_look_into_the_future_is_refused_and_the_old_page_stays(tmp_path):
    report, _ = written(tmp_path)
    old = (tmp_path / "report.html").read_bytes()
    leaking = report.attention.copy()
    leaking[1, 2, 3, 4] = 1e-6
    infinite = report.attention.copy()
    infinite[1, 2, 4, 3] = np.inf
    for changes in ({"attention": leaking}, {"attention": infinite}, {"training": [(1, math.nan)]}):
        with pytest.raises(ValueError, match=r"later token|JSON"):
            write_report(tmp_path / "report.html", make_report(**changes))
    assert (tmp_path / "report.html").read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_an_unwritable_folder_is_told(tmp_path):
    with pytest.raises(JobError, match=r"report\.html"):
        write_report(tmp_path / "far" / "missing" / "report.html", make_report())
