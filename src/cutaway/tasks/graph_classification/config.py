"""The record of graph classification."""

from typing import ClassVar, Literal

from cutaway.config.task import ON_FILES_OF_ONE_FORM, ModelNeeds, TaskSpec
from cutaway.tasks.shared import ClassificationConfig


class GraphClassificationConfig(ClassificationConfig):
    """Predict a label, several labels or a number from a graph."""

    spec: ClassVar[TaskSpec] = TaskSpec(
        ModelNeeds(("encoder",), "sequence", position="shortest_path"),
        verbs=("classify",),
        implementation="cutaway.tasks.graph_classification.task:GraphClassificationTask",
        presets={"graphs": "graph-nano"},
        unread=ON_FILES_OF_ONE_FORM,
        example="graphs.edges",
    )

    kind: Literal["graph_classification"] = "graph_classification"
