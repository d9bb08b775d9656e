"""A capture is of one model in one process: copies and forked processes are on their own."""

import os
import signal
import threading
from copy import deepcopy

import torch

from cutaway.tap import capture
from support import require_attributes
from variants import tokens, variant

SCORES = "decoder.0.self_attention.pattern"


def test_a_copy_made_inside_a_capture_is_not_captured() -> None:
    model, ids = variant().eval(), tokens()
    with torch.no_grad(), capture(model, SCORES, keep="all") as trace:
        expected = model(ids)
        copy = deepcopy(model)
        torch.testing.assert_close(copy(ids), expected)
        assert len(trace.passes(SCORES)) == 1
        with capture(copy, SCORES) as inner:
            copy(ids)
        assert len(trace.passes(SCORES)) == 1
        assert torch.equal(inner[SCORES], trace[SCORES])
    with torch.no_grad():
        torch.testing.assert_close(copy(ids), expected)


def passes_in_a_child(act: object) -> bool:
    """Whether a forked process can do something; it is killed after a while."""
    assert callable(act)
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            act()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def test_a_forked_process_does_not_wait_for_a_thread_that_it_lacks() -> None:
    require_attributes("os", "fork")
    model, opened, over = variant().eval(), threading.Event(), threading.Event()

    def look() -> None:
        with capture(model, SCORES):
            opened.set()
            over.wait()

    thread = threading.Thread(target=look)
    thread.start()
    opened.wait()

    def look_too() -> None:
        hooks = len(model._forward_hooks)
        assert hooks == 0
        with capture(model, SCORES):
            pass

    try:
        assert passes_in_a_child(look_too)
    finally:
        over.set()
        thread.join()


def test_a_forked_process_keeps_the_capture_of_its_own_thread() -> None:
    require_attributes("os", "fork")
    model = variant().eval()
    with capture(model, SCORES) as trace:
        assert passes_in_a_child(lambda: trace.belongs_here or os._exit(1))
    assert passes_in_a_child(lambda: capture(model, SCORES).__enter__())
