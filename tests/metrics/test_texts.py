import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.errors import UserError
from cutaway.metrics.summaries import rouge
from cutaway.metrics.translation import TOKENIZERS, bleu
from support import require_module

SENTENCE = "The quick brown fox jumps over the lazy dog."


def test_no_words_are_worth_nothing() -> None:
    require_module("sacrebleu")
    require_module("rouge_score")
    assert set(bleu(["", ""], [SENTENCE, "another one"]).figures.values()) == {0}
    assert set(rouge(["", ""], [SENTENCE, "another one"]).figures.values()) == {0}


@pytest.mark.parametrize("tokenize", TOKENIZERS)
def test_the_signature_says_how_bleu_was_computed(tokenize: str) -> None:
    sacrebleu = require_module("sacrebleu")
    report = bleu([SENTENCE], [SENTENCE], tokenize=tokenize, lowercase=True)
    parts = report.signatures["bleu"].split("|")
    assert {f"tok:{tokenize}", "case:lc", "nrefs:1", f"version:{sacrebleu.__version__}"} <= set(parts)
    assert "case:lc" in report.signatures["chrf"]


def test_case_counts_unless_told_otherwise() -> None:
    require_module("sacrebleu")
    shouted = SENTENCE.upper()
    assert bleu([shouted], [SENTENCE], lowercase=True).figures == pytest.approx({"bleu": 100, "chrf": 100})
    assert max(bleu([shouted], [SENTENCE]).figures.values()) < 50


def test_bleu_is_of_the_whole_corpus() -> None:
    """Two halves with unequal precision: the counts are added up, the scores are not averaged."""
    require_module("sacrebleu")
    right, wrong = "one two three four five", "six"
    together = bleu([right, wrong], [right, "seven"], tokenize="none").figures["bleu"]
    alone = [bleu([text], [reference]).figures["bleu"] for text, reference in [(right, right), (wrong, "seven")]]
    assert together == pytest.approx(100 * (5 / 6) ** 0.25)  # of the n-grams, only one single word is wrong
    assert together > sum(alone) / 2 + 10


def test_an_unknown_tokenizer_is_refused() -> None:
    with pytest.raises(UserError, match=r"no tokenizer '13b'; did you mean '13a'\?"):
        bleu([SENTENCE], [SENTENCE], tokenize="13b")


def test_rouge_by_hand() -> None:
    """Of four words and six: three are shared, one pair of neighbours, and two words in the same order."""
    require_module("rouge_score")
    report = rouge(["red green sky cat"], ["cat red green dog bird sky"])
    assert report.figures == pytest.approx({"rouge_1": 80, "rouge_2": 25, "rouge_l": 60})


def test_rouge_is_averaged_over_examples_and_stems_words() -> None:
    require_module("rouge_score")
    report = rouge(["Jumping!", "no"], ["jumps", "a long summary of other words"])
    assert report.figures["rouge_1"] == pytest.approx(50)
    assert "stem:porter" in report.signatures["rouge_1"]


ASCII = st.text(st.sampled_from("abcdeinrstxyzAEX019 .,'_-\n"))


@given(pairs=st.lists(st.tuples(ASCII, ASCII), min_size=1, max_size=5))
def test_rouge_of_ascii_is_that_of_its_library(pairs: list[tuple[str, str]]) -> None:
    library = require_module("rouge_score.rouge_scorer")
    names = ["rouge1", "rouge2", "rougeL"]
    scorer = library.RougeScorer(names, use_stemmer=True)
    scores = [scorer.score(reference, text) for text, reference in pairs]
    theirs = [
        100 * sum(score[name].fmeasure for score in scores) / len(pairs) for name in ("rouge1", "rouge2", "rougeL")
    ]
    texts, references = zip(*pairs, strict=True)
    assert list(rouge(texts, references).figures.values()) == pytest.approx(theirs)


@pytest.mark.parametrize(
    ("text", "half"),
    [
        ("кошка сидит", "Кошка бежит"),
        ("हिन्दी भाषा", "हिन्दी किताब"),
        ("قطة صغيرة", "قطة كبيرة"),
        ("Ärger über", "ärger unter"),
        ("日本", "日光"),
        ("ไทย", "ไทร"),
        ("고양이 밥", "고양이 집"),
    ],
)
def test_rouge_counts_words_of_every_script(text: str, half: str) -> None:
    require_module("rouge_score")
    assert set(rouge([text], [text]).figures.values()) == {100}
    assert 0 < rouge([text], [half]).figures["rouge_1"] < 100
    assert rouge([text], ["!"]).figures["rouge_1"] == 0
    assert "words:unicode" in rouge([text], [half]).signatures["rouge_l"]


def test_nobody_is_told_to_detokenize_what_is_meant_to_be_tokenized(caplog: pytest.LogCaptureFixture) -> None:
    require_module("sacrebleu")
    texts = ["it is so ."] * 200
    with caplog.at_level("WARNING"):
        assert bleu(texts, texts, tokenize="none").figures["bleu"] == pytest.approx(100)
        assert not caplog.records
        bleu(texts, texts)
    assert caplog.records
