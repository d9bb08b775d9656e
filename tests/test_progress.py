"""Progress: one live line that fits the terminal, permanent lines, and quiet where nothing can be redrawn."""

import io

import pytest
from rich.console import Console

from cutaway import progress
from cutaway.progress import LiveLine, PreparationBar, TrainingBar
from cutaway.training.checkpoints import Progress


class Clock:
    """Seconds that pass when they are told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=[30, 50, 80, 132])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Console:
    """A terminal of this width, whose lines are kept."""
    console = Console(file=io.StringIO(), force_terminal=True, width=request.param, color_system=None)
    monkeypatch.setattr(progress, "console", console)
    return console


def line_of(bar: TrainingBar | LiveLine, console: Console) -> str:
    """What the live line shows now."""
    line = bar._line if isinstance(bar, TrainingBar) else bar
    other = Console(file=io.StringIO(), force_terminal=True, width=console.width, color_system=None)
    other.print(line._progress.get_renderable())
    text = other.file.getvalue()
    assert text.count("\n") == 1, text
    return text.rstrip()


def trained(bar: TrainingBar, clock: Clock) -> Progress:
    """Two steps of a hundred, of 1,000 and of 3,000 tokens per second."""
    done = Progress()
    bar.start(done)
    for tokens in (2_000, 6_000):
        clock.now += 4
        done.step += 1
        done.tokens += tokens
        done.seconds += 2
        bar.log(done, {"loss": 2.5})
        bar.step(done)
    return done


def test_the_line_fits_and_says_what_matters_most(terminal: Console) -> None:
    clock = Clock()
    bar = TrainingBar("a headline", 12_100, clock)
    trained(bar, clock)
    line = line_of(bar, terminal)
    assert len(line) <= terminal.width
    assert line.startswith("2/12,100 ")
    assert "13:26:32 left" in line, "12,098 steps of 4 s"
    if terminal.width >= 50:
        assert "1.2 k tokens/s" in line, "0.9 × 1,000 + 0.1 × 3,000"
        assert "0:08" in line
    if terminal.width >= 80:
        assert "loss 2.500" in line
        assert line.endswith((" MB", " GB"))
    bar.close()


def test_a_request_to_stop_is_answered_at_once_and_stays(terminal: Console) -> None:
    clock = Clock()
    bar = TrainingBar("a headline", 100, clock)
    done = trained(bar, clock)
    bar.stopping()
    assert line_of(bar, terminal).endswith("saving…")
    done.step += 1
    bar.step(done)
    assert line_of(bar, terminal).endswith("saving…")
    bar.close()


def test_a_resumed_run_estimates_from_its_own_steps(terminal: Console) -> None:
    clock = Clock()
    bar = TrainingBar("a headline", 100, clock)
    done = Progress(step=90, tokens=9_000, seconds=1e6)
    bar.start(done)
    for seconds in (50, 3):  # the first step is slow
        clock.now += seconds
        done.step += 1
        bar.step(done)
    assert "0:24 left" in line_of(bar, terminal)
    bar.close()


def test_reading_shows_how_much_is_read(terminal: Console) -> None:
    with PreparationBar() as bar:
        bar(1_234, None)
        assert "reading the data  1,234" in line_of(bar, terminal)


def test_without_a_terminal_there_is_a_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO(), force_terminal=False, width=80)
    monkeypatch.setattr(progress, "console", console)
    clock = Clock()
    bar = TrainingBar("a headline", 100, clock)
    done = trained(bar, clock)
    for _ in range(3):
        clock.now += 31
        done.step += 1
        bar.log(done, {"loss": 2.0})
    bar.evaluate(done, {"loss": 1.5, "accuracy": 0.25})
    bar.close()
    written = console.file.getvalue().splitlines()
    assert written[0] == "a headline"
    assert written[1].startswith("4/100  loss 2.000  1.2 k tokens/s  1:10,  ")
    assert written[2:] == ["step      5  training loss 2.000  validation loss 1.500  accuracy 25.0%  4 s"]


@pytest.mark.parametrize(("has_widgets", "is_live"), [(True, True), (False, False)])
def test_a_notebook_needs_widgets_for_a_live_line(
    has_widgets: bool, is_live: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = Console(file=io.StringIO(), force_jupyter=True)
    monkeypatch.setattr(progress, "console", console)
    monkeypatch.setattr(progress, "find_spec", lambda name: object() if has_widgets and name == "ipywidgets" else None)
    assert progress.is_live() is is_live
    assert LiveLine("step").is_shown is is_live
