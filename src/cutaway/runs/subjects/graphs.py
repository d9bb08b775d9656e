"""Graph classification: choose a label for a graph."""

from collections import Counter
from collections.abc import Iterable, Sequence

from cutaway.data.examples import Graph
from cutaway.data.rows.graphs import graph_rows
from cutaway.data.rows.labels import LabelledRow, labelled_rows
from cutaway.runs.examples import ExampleCourse, Subject
from cutaway.runs.subjects.labels import classification, fit, task


def texts(example: Graph) -> tuple[Iterable[str], Iterable[str]]:
    """Nothing but the nodes, as words."""
    return (" ".join(example.nodes),), ()


def rows(course: ExampleCourse, examples: Sequence[Graph], counted: Counter[str]) -> list[LabelledRow]:
    """Nodes as tokens with their distances, labels as numbers; nodes whose label is unknown are counted."""
    model, tokenizer = course.config.model, course.known_tokenizer
    assert model.position.kind == "shortest_path"
    shown = graph_rows(tokenizer, examples, model.context, model.position.longest)
    if unknown := sum(tokenizer.count_unknown(graph.tokens) for graph in shown):
        counted["unknown nodes"] += unknown
    return labelled_rows(shown, len, [example.labels for example in examples], classification(course.config))


SUBJECT = Subject(Graph, (), texts, fit, rows, task)
