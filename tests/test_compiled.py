"""Compiled models: one graph with no trace of taps, and training and decoding that run it."""

import pytest

from support import ROOT, run_python

COMPILED = f"""
import sys

sys.path.insert(0, {str(ROOT / "tests")!r})
import torch
from variants import tokens, variant
import cutaway.tap
from cutaway.tap import capture

graphs = []
def backend(graph, inputs):
    graphs.append(graph.code)
    return graph

torch.set_grad_enabled(False)
model = variant(position="rotary", residual="pre").eval()
expected = model(tokens())
model.compile(backend=backend, fullgraph=True)
torch.testing.assert_close(model(tokens()), expected)
assert len(graphs) == 1, "one graph, without a break"
with capture(model, "*.pattern") as trace:
    torch.testing.assert_close(model(tokens()), expected)
assert len(trace) == 2, list(trace)
torch.testing.assert_close(model(tokens()), expected)
assert len(graphs) == 1, "capture compiled nothing anew"

import cutaway.nn.dot_product, cutaway.nn.attention, cutaway.nn.feedforward, cutaway.nn.embeddings
import cutaway.model.block, cutaway.model.stack, cutaway.model.heads
for module in (cutaway.nn.dot_product, cutaway.nn.attention, cutaway.nn.feedforward, cutaway.nn.embeddings,
               cutaway.model.block, cutaway.model.stack, cutaway.model.heads):
    module.tap = lambda name, x: x
cutaway.nn.dot_product.watching = lambda *names: False
torch._dynamo.reset()
model.compile(backend=backend, fullgraph=True)
model(tokens())
assert len(graphs) == 2
assert graphs[0] == graphs[1], "the graph with taps is the graph without"
print("passed")
"""


def test_the_compiled_graph_holds_no_tap_and_capture_compiles_nothing() -> None:
    assert run_python(COMPILED).endswith("passed\n")


THROUGH_THE_CALL = f"""
import sys

sys.path.insert(0, {str(ROOT / "tests")!r})
import torch
from cutaway.generation.engine import Engine, Request
from cutaway.generation.sampling import Sampling
from cutaway.tasks.language_modeling.task import LanguageModeling
from variants import tokens, variant

def loss_and_gradients(model, batch):
    model.zero_grad()
    loss, _ = LanguageModeling().loss(model, batch)
    loss.backward()
    return loss.detach(), {{name: weight.grad.clone() for name, weight in model.named_parameters()}}

model = variant(position="rotary", multi_token_prediction=1)
batch = {{"inputs": tokens(), "targets": tokens(seed=2)}}
expected, gradients = loss_and_gradients(model, batch)
prompt = tokens(batch=1, length=5)[0].tolist()
request = Request(tuple(prompt), Sampling(temperature=0.0), 4)
write = lambda: (lambda engine: list(engine.stream(engine.submit(request))))(Engine(model, 20, rows=1))
text = write()

frames, calls = [], []
def backend(graph, inputs):
    frames.append(graph)
    return graph

model.register_forward_hook(lambda *_: calls.append(1))
model.compile(backend=backend)
found, compiled_gradients = loss_and_gradients(model, batch)
torch.testing.assert_close(found, expected)
torch.testing.assert_close(compiled_gradients, gradients)
assert len(calls) == 1, calls
operations = [str(node.target) for graph in frames for node in graph.graph.nodes]
assert sum("scaled_dot_product_attention" in name for name in operations) == len(model.decoder.blocks), operations
in_training = len(frames)
assert write() == text
assert len(calls) == 5, calls
assert len(frames) > in_training, "decoding is compiled too"
print("passed")
"""


def test_training_and_decoding_run_the_compiled_graph_and_the_hooks_of_the_call() -> None:
    assert run_python(THROUGH_THE_CALL).endswith("passed\n")


DECODED = f"""
import sys

sys.path.insert(0, {str(ROOT / "tests")!r})
import torch
from variants import tokens, variant

torch.set_grad_enabled(False)
model, text = variant(position=sys.argv[1]).eval(), tokens(length=20)
expected = model(text)

def graphs_in_decoding(dynamic):
    torch._dynamo.reset()
    graphs = []
    def backend(graph, inputs):
        graphs.append(graph)
        return graph
    cache = model.make_cache(len(text), 21)  # a full cache is a special case, with another layout of memory
    found = [model(text[:, :6], cache=cache)]
    step = torch.compile(model, backend=backend, dynamic=dynamic, fullgraph=True)
    found += [step(text[:, i : i + 1].contiguous(), cache=cache) for i in range(6, 20)]
    torch.testing.assert_close(torch.cat(found, dim=1), expected, atol=1e-4, rtol=1e-3)
    return len(graphs)

assert graphs_in_decoding(True) == 1, "one graph for any length"
assert graphs_in_decoding(None) <= 2, "torch tries a graph for the first length only, then makes one for all"
print("passed")
"""


@pytest.mark.parametrize("position", ["learned", "rotary", "alibi"])
def test_a_decoding_step_is_compiled_for_all_lengths_at_once(position: str) -> None:
    assert run_python(DECODED, position).endswith("passed\n")


MASKED = f"""
import operator
import sys

sys.path.insert(0, {str(ROOT / "tests")!r})
import torch
from variants import LAYERS, tokens, variant

torch.set_grad_enabled(False)
text = tokens()
keep = torch.ones_like(text)
keep[0, :3] = 0
biased = [dict(position="alibi"), dict(position="relative")]
kinds = [*biased, dict(attention=dict(window=4)), dict(attention=dict(softcap=5.0))]
for choices in kinds:
    for mask in (None, keep):
        model = variant(**choices).eval()
        expected = model(text, attention_mask=mask)
        graphs = []
        def backend(graph, inputs):
            graphs.append(graph)
            return graph
        model.compile(backend=backend, fullgraph=True)
        found = model(text, attention_mask=mask)
        kept = keep.bool() if mask is not None else torch.ones_like(keep).bool()
        torch.testing.assert_close(found[kept], expected[kept])
        assert len(graphs) == 1, (choices, len(graphs))
        comparisons = [node for node in graphs[0].graph.nodes if node.target in (torch.ge, operator.ge)]
        assert len(comparisons) == 1 < LAYERS, "all layers share one mask"
        torch._dynamo.reset()
print("passed")
"""


def test_models_that_need_a_mask_are_one_graph_which_makes_it_once() -> None:
    assert run_python(MASKED).endswith("passed\n")
