"""Every kind of model is measured by the metric of its task, on what its run held out and on any other data."""

from pathlib import Path

import pytest

from cutaway.config.data import DataConfig
from cutaway.errors import UserError
from cutaway.runs.evaluation import evaluate_data, evaluate_run
from cutaway.runs.run import Run, start
from cutaway.tasks.base import evaluate
from cutaway.tasks.task import EvaluationOptions
from runs.evaluated import COUNTS, FIGURES, always_right, require_libraries
from runs.kinds import ALL, ANIMALS, KINDS, TAGGED, begin, choices_of

QUICK = EvaluationOptions(num_beams=1)
OF_EXAMPLES = [kind for kind in KINDS if "language_modeling" not in kind and kind != "algorithmic"]
OF_TEXT = ["language_modeling", "masked_language_modeling"]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A run of every kind, fresh."""
    return {kind: begin(kind, tmp_path_factory.mktemp("run")) for kind in KINDS}


@pytest.fixture(autouse=True)
def _few_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cutaway.tasks.algorithmic.task.WITHIN", 40)
    monkeypatch.setattr("cutaway.tasks.algorithmic.task.BEYOND", 10)


def data_of(run: Run) -> DataConfig:
    return run.config.data.model_copy(update={"validation": 0.1})


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_is_measured_on_what_it_held_out(kind: str, started: dict[str, Run]) -> None:
    require_libraries(kind)
    run = started[kind]
    report = evaluate_run(run.pipeline, run.folder.path, QUICK)
    assert list(report.figures) == FIGURES[kind]
    if kind in OF_EXAMPLES:
        assert report.figures.get("examples", 6) == 6
    assert evaluate_run(run.pipeline, run.folder.path, QUICK) == report, "and it is the same each time"


@pytest.mark.parametrize("kind", [*OF_TEXT, *OF_EXAMPLES])
def test_a_model_is_measured_on_the_whole_of_other_data(kind: str, started: dict[str, Run], tmp_path: Path) -> None:
    require_libraries(kind)
    run = started[kind]
    report = evaluate_data(run.pipeline, data_of(run), tmp_path / "scratch", QUICK)
    assert list(report.figures) == FIGURES[kind]
    assert report.figures.get("examples", 30) == 30
    if kind == "language_modeling":
        assert report.figures["tokens"] == len(KINDS[kind].content) - 1, "nothing is held out"


@pytest.mark.parametrize("kind", OF_EXAMPLES)
def test_who_is_always_right_gets_the_highest_figures(
    kind: str, started: dict[str, Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    require_libraries(kind)
    run = started[kind]
    always_right(run, monkeypatch)
    highest = {"pearson": 1, "spearman": 1, "mean_squared_error": 0}
    for report in (
        evaluate_run(run.pipeline, run.folder.path),
        evaluate_data(run.pipeline, data_of(run), tmp_path / "scratch"),
    ):
        figures = {name: value for name, value in report.figures.items() if name not in COUNTS}
        assert figures == pytest.approx({name: highest.get(name, 100) for name in figures})


@pytest.mark.parametrize("kind", OF_TEXT)
def test_on_text_it_is_the_loss_that_training_reports(kind: str, started: dict[str, Run]) -> None:
    run = started[kind]
    training_data = run.dataset.training_data()
    assert training_data.validation is not None
    figures = evaluate(run.model, training_data.objective, training_data.validation, next(run.model.parameters()).dtype)
    assert evaluate_run(run.pipeline, run.folder.path).figures == pytest.approx(figures)


def test_lengths_beyond_training_are_graded_apart(started: dict[str, Run], monkeypatch: pytest.MonkeyPatch) -> None:
    run = started["algorithmic"]

    def right_if_short(task: object, loaded: object, rows: list[list[int]]) -> list[list[int]]:
        return [sorted(row) if len(row) <= 4 else row for row in rows]

    monkeypatch.setattr("cutaway.tasks.algorithmic.task.AlgorithmicTask.predict", right_if_short)
    report = evaluate_run(run.pipeline, run.folder.path)
    assert report.figures["exact_match"] == report.figures["token_accuracy"] == 100
    assert report.figures["exact_match_beyond"] < 50
    assert (report.figures["sequences"], report.figures["sequences_beyond"]) == (40, 20)
    assert {length: part["sequences"] for length, part in report.parts.items()} == {"3": 20, "4": 20, "5": 10, "6": 10}


def test_lengths_that_the_model_does_not_take_are_not_graded(tmp_path: Path) -> None:
    run = begin("algorithmic", tmp_path, "model.context=5")
    assert set(evaluate_run(run.pipeline, run.folder.path).parts) == {"3", "4", "5"}
    run = begin("algorithmic", tmp_path, "model.context=4", out="short")
    assert list(evaluate_run(run.pipeline, run.folder.path).figures) == FIGURES["algorithmic"][:3]


def test_sums_are_graded_by_their_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin("algorithmic", tmp_path, "task.operation=add", "task.symbols=10")

    def right(task: object, loaded: object, rows: list[list[int]]) -> list[list[int]]:
        found = []
        for row in rows:
            size = row.index(10)
            numbers = (int("".join(map(str, digits))) for digits in (row[:size], row[size + 1 : 2 * size + 1]))
            found.append([9] * (2 * size + 1) + [int(digit) for digit in f"{sum(numbers):0{size + 1}}"])
        return found

    monkeypatch.setattr("cutaway.tasks.algorithmic.task.AlgorithmicTask.predict", right)
    figures = evaluate_run(run.pipeline, run.folder.path).figures
    assert figures["exact_match"] == figures["exact_match_beyond"] == 100, "what stands before the sum is no part of it"


def test_sources_that_are_cut_are_counted(tmp_path: Path) -> None:
    require_libraries("sequence_to_sequence")
    run = begin("sequence_to_sequence", tmp_path, "task.truncate=yes")
    (tmp_path / "long.tsv").write_text("the cat sat\tsur le tapis\n" + "the cat ran " * 20 + "\tsur le tapis\n\n")
    report = evaluate_data(run.pipeline, DataConfig(path=str(tmp_path / "long.tsv")), tmp_path, QUICK)
    assert report.figures["truncated"] == 1
    assert report.figures["examples"] == 2
    assert report.figures["skipped (empty)"] == 1
    whole = begin("sequence_to_sequence", tmp_path, out="whole")
    with pytest.raises(UserError, match="text 2 has 61 tokens, but the model takes at most 24"):
        evaluate_data(whole.pipeline, DataConfig(path=str(tmp_path / "long.tsv")), tmp_path, QUICK)


def test_texts_that_are_cut_are_counted(tmp_path: Path) -> None:
    require_libraries("sequence_classification")
    run = begin("sequence_classification", tmp_path)
    (tmp_path / "long.tsv").write_text("the cat sat\tpet\n" + "the fox ran " * 20 + "\twild\n")
    report = evaluate_data(run.pipeline, DataConfig(path=str(tmp_path / "long.tsv")), tmp_path)
    assert report.figures["truncated"] == 1


def test_every_class_has_its_part(started: dict[str, Run], monkeypatch: pytest.MonkeyPatch) -> None:
    require_libraries("sequence_classification")
    run = started["sequence_classification"]
    always_right(run, monkeypatch)
    report = evaluate_data(run.pipeline, data_of(run), Path("unused"))
    support = {label: part["support"] for label, part in report.parts.items()}
    assert support == {label: 6 * list(ANIMALS.values()).count(label) for label in ("bird", "pet", "wild")}


def test_tags_that_are_no_entities_are_measured_as_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_libraries("sequence_classification")
    (tmp_path / "speech.conll").write_text("".join(f"the D\n{animal} N\n{verb} V\n\n" for animal, verb in ALL))
    run = begin("token_classification", tmp_path, f"data.path={tmp_path / 'speech.conll'}")
    always_right(run, monkeypatch)
    report = evaluate_run(run.pipeline, run.folder.path)
    assert report.figures == {"accuracy": 100, "macro_f1": 100}
    assert {tag: part["support"] for tag, part in report.parts.items()} == {"D": 6, "N": 6, "V": 6}


@pytest.mark.parametrize("kind", ["language_modeling", "multi_label"])
def test_what_held_nothing_out_needs_data(kind: str, tmp_path: Path) -> None:
    run = begin(kind, tmp_path, "data.validation=0")
    with pytest.raises(UserError, match=r"held nothing out: give data with --data$"):
        evaluate_run(run.pipeline, run.folder.path)


def test_what_makes_its_own_data_takes_no_other(started: dict[str, Run]) -> None:
    with pytest.raises(UserError, match="generated sequences: evaluate it without --data"):
        evaluate_data(started["algorithmic"].pipeline, DataConfig(path="x.tsv"), Path("unused"))


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("regression", "the cat\tgood\n", "'good' is not a number"),
        ("sequence_classification", "the cat\tpat\n", "'pat' is not a class of this model; did you mean 'pet'?"),
        ("multi_label", "the cat\tlout\n", "did you mean 'loud'?"),
        ("token_classification", "the O\ncat cat\n", "'cat' is not an entity tag"),
    ],
)
def test_labels_that_mean_nothing_are_told(
    kind: str, content: str, said: str, started: dict[str, Run], tmp_path: Path
) -> None:
    require_libraries(kind)
    (tmp_path / "other.tsv").write_text(content)
    with pytest.raises(UserError) as caught:
        evaluate_data(started[kind].pipeline, DataConfig(path=str(tmp_path / "other.tsv")), tmp_path)
    assert said in str(caught.value)


def test_a_way_to_count_words_that_bleu_does_not_know_is_told_at_once() -> None:
    with pytest.raises(UserError, match="BLEU has no tokenizer '13'; did you mean '13a'"):
        EvaluationOptions(tokenize="13")


@pytest.mark.parametrize(("scheme", "figure"), [("BU", "entity_f1"), ("BX", "macro_f1")])
def test_tags_of_no_known_scheme_are_measured_one_by_one_and_this_is_said(
    scheme: str, figure: str, tmp_path: Path
) -> None:
    require_libraries("token_classification")
    path = tmp_path / "a.conll"
    path.write_text(TAGGED.replace(*(f"{letter}-" for letter in scheme)))
    run = start(choices_of("token_classification", tmp_path, f"data.path={path}"), tmp_path / "run")
    report = evaluate_run(run.pipeline, run.folder.path, QUICK)
    assert figure in report.figures
    if scheme == "BX":
        assert report.signatures[figure].startswith("by tag, not by entity: 'X-bird' is of no known scheme")
