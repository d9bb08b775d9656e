"""Graph classification: choose a label for a graph."""

from collections.abc import Iterable, Sequence

from cutaway.data.examples import Graph
from cutaway.runs.examples import ExampleDataset, Subject
from cutaway.runs.subjects.labels import fit, task
from cutaway.tasks.graph_classification.config import GraphClassificationConfig
from cutaway.tasks.graph_classification.task import graph_rows
from cutaway.tasks.rows.labels import LabelledRow, labelled_rows


def texts(example: Graph) -> tuple[Iterable[str], Iterable[str]]:
    """Nothing but the nodes, as words."""
    return (" ".join(example.nodes),), ()


def rows(dataset: ExampleDataset, task: GraphClassificationConfig, examples: Sequence[Graph]) -> list[LabelledRow]:
    """Nodes as tokens with their distances, labels as numbers; nodes whose label is unknown are counted."""
    model = dataset.config.model
    shown = graph_rows(dataset.known_tokenizer, examples, model.context, model.longest_path)
    if unknown := sum(dataset.known_tokenizer.count_unknown(graph.tokens) for graph in shown):
        dataset.counted["unknown nodes"] += unknown
    return labelled_rows(shown, len, [example.labels for example in examples], task)


SUBJECT = Subject(Graph, (), texts, fit, rows, task)
