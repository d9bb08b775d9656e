"""Labels and problem types in config.json."""

from collections.abc import Mapping
from typing import Any

from cutaway.config.task import task_record
from cutaway.errors import UserError

PROBLEMS = {
    "single_label_classification": "single_label",
    "multi_label_classification": "multi_label",
    "regression": "regression",
}
"""From their `problem_type` to our `task.problem`."""


def task_choices(task: str, found: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The choices for `model.head` and for `task`."""
    if task == "question_answering":
        return {"labels": 2}, {"kind": task}
    if not task_record(task).spec.names_labels:
        return {}, {"kind": task}
    names = found.get("id2label") or {}
    labels = [names[number] for number in sorted(names, key=int)] or [
        f"LABEL_{i}" for i in range(found.get("num_labels", 2))
    ]
    choices: dict[str, Any] = {"kind": task, "labels": labels}
    problem = found.get("problem_type") or ("regression" if len(labels) == 1 else "single_label_classification")
    if problem not in PROBLEMS:
        raise UserError(f"config.json asks for problem_type={problem!r}, which cutaway does not have")
    if task != "token_classification":
        choices["problem"] = PROBLEMS[problem]
    return {"labels": len(labels)}, choices


def task_options(task: Mapping[str, Any], labels: int | None) -> dict[str, Any]:
    """The options of a task of ours, given the number of labels of the head."""
    if not task_record(task["kind"]).spec.names_labels:
        return {}
    names = task.get("labels") or [f"LABEL_{i}" for i in range(labels or 0)]
    written: dict[str, Any] = {
        "id2label": {str(i): name for i, name in enumerate(names)},
        "label2id": {name: i for i, name in enumerate(names)},
    }
    if "problem" in task:
        written["problem_type"] = {ours: theirs for theirs, ours in PROBLEMS.items()}[task["problem"]]
    return written
