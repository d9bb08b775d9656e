"""Contestants that take turns, each in its own process, so that other load on the machine affects all alike."""

import contextlib
import random
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Protocol

import torch
from torch import nn


class Contestant(Protocol):
    """A model that can be trained for a while."""

    name: str
    model: nn.Module

    def train(self, *order: Any) -> float:
        """Trains for a while; returns the speed."""


class Seat:
    """A contestant in its own process, which is idle until its turn."""

    def __init__(self, make: Callable[[], Contestant]) -> None:
        self._pipe, other = get_context("spawn").Pipe()
        get_context("spawn").Process(target=attend, args=(make, other), daemon=True).start()
        other.close()  # so that the end of the process is the end of the pipe
        self.name, self.parameters = self._pipe.recv()
        self.rates: list[float] = []

    def train(self, *order: Any) -> float:
        """What the contestant's `train` returns."""
        self._pipe.send(order)
        return self._pipe.recv()


def attend(make: Callable[[], Contestant], pipe: Connection) -> None:
    """What a contestant's process does."""
    torch.manual_seed(0)
    contestant = make()
    contestant.model.train()
    pipe.send((contestant.name, sum(weight.numel() for weight in contestant.model.parameters())))
    with contextlib.suppress(EOFError):  # when the benchmark is over
        while True:
            pipe.send(contestant.train(*pipe.recv()))


def take_turns(everybody: Sequence[Seat], rounds: int, *order: Any) -> None:
    """Measures everybody's rates, in another order each round, after one round that warms up and does not count."""
    for seat in everybody:
        seat.rates.clear()
    for turn in range(rounds + 1):
        for seat in random.sample(everybody, len(everybody)):
            rate = seat.train(*order)
            if turn:
                seat.rates.append(rate)
