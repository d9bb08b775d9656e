"""Filling, classifying, tagging, answering, sorting and embedding: what each says is what the model thinks."""

import math

import pytest
import torch

from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.pipeline import Pipeline
from cutaway.tasks.algorithmic.task import AlgorithmicTask
from cutaway.tasks.predictions import ValuePrediction
from pipeline.pipelines import CONTEXTS, LABELS, READER, TEXTS, made, pipeline
from text.kinds import train
from variants import hidden, variant


def test_a_mask_is_filled_with_any_token_the_likeliest_first() -> None:
    asked = pipeline("fill")
    first, second = asked.fill("the [MASK] sat on [MASK] mat", top_k=READER.vocabulary)
    for mask in (first, second):
        probabilities = [candidate.probability for candidate in mask]
        assert math.fsum(probabilities) == pytest.approx(1)
        assert probabilities == sorted(probabilities, reverse=True)
        assert {candidate.token for candidate in mask} == set(READER.pieces(range(READER.vocabulary)))
    assert first != second
    few = asked.fill("the [MASK] sat on [MASK] mat", top_k=3)
    assert few == [first[:3], second[:3]]


def test_the_likeliest_is_the_model_s_own() -> None:
    asked = pipeline("fill")
    tokens = torch.tensor([READER.encode("low [MASK] it", special=True)])
    with torch.inference_mode():
        logits = asked.model.eval()(tokens)[0, tokens[0] == READER.mask][0]
    best = logits.argmax()
    assert asked.fill("low [MASK] it", top_k=1)[0][0].token == READER.pieces([int(best)])[0]


def test_what_cannot_be_filled_is_told() -> None:
    asked = pipeline("fill")
    with pytest.raises(UserError, match=r"there is no \[MASK\] in 'the mask': write it where a word is to be filled"):
        asked.fill(["[MASK]", "the mask"])
    for top_k in (0, READER.vocabulary + 1):
        with pytest.raises(UserError, match=f"top_k must be between 1 and {READER.vocabulary}"):
            asked.fill("[MASK]", top_k=top_k)
    plain = train("char")
    unable = made(variant(architecture="encoder", vocabulary=plain.vocabulary), plain, "masked_language_modeling")
    with pytest.raises(UserError, match="the tokenizer has no mask token"):
        unable.fill("[MASK]")


def test_probabilities_of_labels_sum_to_one_and_the_likeliest_is_the_label() -> None:
    for found in pipeline("classify").classify(TEXTS):
        assert list(found.probabilities) == LABELS
        assert math.fsum(found.probabilities.values()) == pytest.approx(1)
        assert found.probability == found.probabilities[found.label] == max(found.probabilities.values())


def test_several_labels_are_those_more_likely_than_not() -> None:
    found = pipeline("classify by several").classify(TEXTS)
    for one in found:
        assert one.labels == tuple(label for label in LABELS if one.probabilities[label] > 0.5)
        assert list(one.probabilities) == LABELS
    assert 0 < sum(len(one.labels) for one in found) < len(TEXTS) * len(LABELS), "else nothing is chosen"


def test_a_number_is_what_the_head_says() -> None:
    asked = pipeline("classify by number")
    tokens = torch.tensor([[READER.begin, *READER.encode(TEXTS[1]), READER.separator]])
    with torch.inference_mode():
        value = asked.model.eval()(tokens).item()
    assert asked.classify(TEXTS[1]) == ValuePrediction(pytest.approx(value))


def test_each_word_has_a_tag() -> None:
    found = pipeline("tag").tag(TEXTS)
    assert [[one.word for one in row] for row in found] == [text.split() for text in TEXTS]
    assert {one.tag for row in found for one in row} <= set(LABELS)
    assert all(1 / len(LABELS) <= one.probability <= 1 for row in found for one in row)
    assert pipeline("tag").tag("") == []


def test_a_word_is_tagged_by_its_first_token() -> None:
    asked, words = pipeline("tag"), ["wider", "naïve", "it"]
    pieces = READER.encode_words(words)
    assert max(map(len, pieces)) > 1
    tokens = torch.tensor([[READER.begin, *(token for word in pieces for token in word), READER.separator]])
    with torch.inference_mode():
        best = asked.model.eval()(tokens)[0].softmax(dim=-1).max(dim=-1)
    for i, one in enumerate(asked.tag_words([words])[0]):
        place = 1 + sum(map(len, pieces[:i]))
        assert one.tag == LABELS[best.indices[place]]
        assert one.probability == pytest.approx(best.values[place].item(), rel=1e-4)


@pytest.mark.parametrize("context", CONTEXTS)
def test_an_answer_is_a_stretch_of_its_context(context: str) -> None:
    found = pipeline("answer").answer("the cat?", context)
    assert found.answer == context[found.start : found.end] == found.answer.strip() != ""
    assert 0 < found.probability <= 1


@pytest.mark.parametrize("longest", [1, 2, 30])
def test_an_answer_is_the_best_of_all_spans(longest: int) -> None:
    trained, question, context = pipeline("answer"), "low", "it sat, low and new"
    task = trained.config.task.model_copy(update={"longest_answer": longest})
    asked = Pipeline(trained.model, READER, trained.config.model_copy(update={"task": task}))
    question_ids, (ids, offsets) = READER.encode(question), READER.encode_with_offsets(context)
    head = [READER.begin, *question_ids, READER.separator]
    tokens = torch.tensor([[*head, *ids, READER.separator]])
    segments = torch.tensor([[0] * len(head) + [1] * (len(ids) + 1)])
    with torch.inference_mode():
        begins, ends = asked.model.eval()(tokens, segments=segments)[0].log_softmax(dim=0).T[:, len(head) : -1].tolist()
    spans = [(begins[i] + ends[j], i, j) for i in range(len(ids)) for j in range(i, min(i + longest, len(ids)))]
    score, first, last = max(spans)
    assert longest < 30 or last - first > 2, "else nothing forbids more"
    found = asked.answer(question, context)
    assert (found.start, found.end) == (offsets[first][0], offsets[last][1])
    assert found.probability == pytest.approx(math.exp(score), rel=1e-4)


def test_a_question_that_is_too_long_is_told_and_so_is_no_context() -> None:
    with pytest.raises(UserError, match=r"the question has \d+ tokens and leaves room for 0 of its context"):
        pipeline("answer").answer("low " * 30, "it")
    with pytest.raises(UserError, match=r"there is no context to find the answer to 'it\?' in"):
        pipeline("answer").answer("it?", " ")


def test_numbers_that_the_model_does_not_know_are_told() -> None:
    asked = pipeline("sort")
    for number in (-1, 20):
        with pytest.raises(UserError, match=f"^{number} is not among the numbers of the model: 0 to 19$"):
            asked.sort([3, number])
    with pytest.raises(UserError, match="there is nothing to sort: give numbers"):
        asked.sort([])


def test_sums_are_read_digit_by_digit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that adds without a mistake: `a + b =`, with an equals sign for each digit of the sum."""

    def right(task: AlgorithmicTask, loaded: object, rows: list[list[int]]) -> list[list[int]]:
        results = []
        for row in rows:
            size = row.index(10)
            assert row[2 * size + 1 :] == [11] * (size + 1)
            numbers = (int("".join(map(str, digits))) for digits in (row[:size], row[size + 1 : 2 * size + 1]))
            results.append([0] * (2 * size + 1) + [int(digit) for digit in f"{sum(numbers):0{size + 1}}"])
        return results

    task = {"kind": "algorithmic", "operation": "add", "symbols": 10, "length": 3, "shortest": 2}
    asked = Pipeline(pipeline("sort").model, READER, RunConfig.model_validate({"task": task}))
    monkeypatch.setattr(AlgorithmicTask, "predict", right)
    pairs = [(12, 30), (0, 0), (999, 1), (7, 12345)]
    assert asked.add_all(pairs) == [sum(pair) for pair in pairs]
    assert asked.add(5, 6) == 11
    with pytest.raises(UserError, match="-3 is below 0"):
        asked.add(4, -3)


def test_vectors_are_of_one_width_and_differ() -> None:
    asked = pipeline("classify")
    vectors = torch.from_numpy(asked.embed(TEXTS))
    assert vectors.shape == (len(TEXTS), 20)
    assert torch.pdist(vectors).min() > 1e-3
    row = torch.tensor([[READER.begin, *READER.encode("low"), READER.separator]])
    states = hidden(asked.model.eval(), row).states[0]
    assert asked.embed("low") == pytest.approx(states.mean(dim=0).tolist(), rel=1e-4, abs=1e-5)
    assert asked.embed("low", pooling="cls") == pytest.approx(states[0].tolist(), rel=1e-4, abs=1e-5)


def test_what_has_no_vector_is_told() -> None:
    with pytest.raises(UserError, match="no pooling is called 'means'; did you mean 'mean'"):
        pipeline("tag").embed("low", pooling="means")
    with pytest.raises(UserError, match="text 2 is empty, and has no vector: remove it"):
        pipeline("tag").embed(["low", " "])
