"""Training goes through the model's call, where sharding gathers the weights: two processes learn what one does."""

import pytest

from support import ROOT, run_python

SHARDED = f"""
import os
import sys
import tempfile

sys.path.insert(0, {str(ROOT / "tests")!r})
import torch
import torch.distributed as dist
import torch.multiprocessing
from torch.distributed.fsdp import fully_shard
from cutaway.nn import losses
from cutaway.tasks.language_modeling.task import LanguageModeling
from variants import VOCABULARY, tokens, variant

WORLD = 2

def work(rank, store):
    dist.init_process_group("gloo", init_method=f"file://{{store}}", rank=rank, world_size=WORLD)
    losses.LOGITS_AT_ONCE = 4 * VOCABULARY  # so that the loss is computed in parts
    alone, sharded = (variant(position="rotary", norm="rms", multi_token_prediction=1) for _ in range(2))
    for block in sharded.decoder.blocks:
        fully_shard(block)
    fully_shard(sharded)
    inputs, targets = tokens(4), tokens(4, seed=2)
    LanguageModeling(logits="whole").loss(alone, {{"inputs": inputs, "targets": targets}})[0].backward()
    own = {{"inputs": inputs[rank::WORLD], "targets": targets[rank::WORLD]}}
    LanguageModeling().loss(sharded, own)[0].backward()
    for (name, weight), expected in zip(sharded.named_parameters(), alone.parameters(), strict=True):
        gradient = WORLD * weight.grad.full_tensor()  # sharding takes the mean over processes
        assert expected.grad.abs().max() > 1e-3, name
        torch.testing.assert_close(gradient, expected.grad, rtol=1e-4, atol=1e-4)
    dist.destroy_process_group()

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        context = torch.multiprocessing.get_context("fork")
        processes = [context.Process(target=work, args=(rank, os.path.join(folder, "store"))) for rank in range(WORLD)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0] * WORLD
    print("passed")
"""


@pytest.mark.heavy
def test_a_sharded_model_has_the_gradients_of_the_whole_one() -> None:
    assert run_python(SHARDED).endswith("passed\n")
