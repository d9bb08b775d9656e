"""Tasks on files of examples."""

from pathlib import Path

import pytest

from cutaway.config.reading import override
from cutaway.config.run import RunConfig
from cutaway.errors import UserError
from cutaway.tasks.task import task_of


@pytest.mark.parametrize(
    ("kind", "content", "label"),
    [("sequence_classification", "a\tx\nb\tx\n", "x"), ("token_classification", "a O\nb O\n", "O")],
)
def test_examples_with_one_label_only_are_rejected_and_leave_nothing(
    kind: str, content: str, label: str, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text(content)
    config = override(RunConfig(), [f"task={kind}", f"data.path={tmp_path / 'a'}", "data.validation=0"])
    with pytest.raises(UserError, match=f"has one label only, '{label}': there is nothing to choose between"):
        task_of(config).prepare(tmp_path / "out", lambda done, total: None)
    assert not (tmp_path / "out").exists()
