"""Stored layers must compute the product with the weights that they hold."""

import torch
import torch.nn.functional as F

from cutaway.checks.measure import Measurement, NotForThis, difference
from cutaway.checks.subject import Subject
from cutaway.nn.layers import dtype_of
from cutaway.nn.stored import NEAR, StoredLinear

ROUNDED_INPUTS = 0.05
"""How far products with inputs of 8 bits may differ, relative to the largest."""


def stored_equals_plain(subject: Subject) -> Measurement | NotForThis:
    """Compares each stored layer with the plain one, for several rows and for one."""
    model = subject.loaded
    layers = {name: one for name, one in model.named_modules() if isinstance(one, StoredLinear)}
    if not layers:
        return NotForThis("its weights are plain")
    dtype = dtype_of(model, torch.float32)
    generator = torch.Generator().manual_seed(0)
    differences = {}
    for name, layer in layers.items():
        x = torch.randn(3, layer.in_features, generator=generator).to(layer.stored.device, dtype)
        bias = None if layer.bias is None else layer.bias.double()
        expected = F.linear(x.double(), layer.weight.double(), bias)
        found = torch.cat([layer(x), layer(x[1:2])]).double()
        differences[name] = difference(found, torch.cat([expected, expected[1:2]]))
    worst = max(differences, key=lambda name: differences[name])
    form = layers[worst].stored.form
    bound = {"q8": ROUNDED_INPUTS, "q4": NEAR[torch.bfloat16]}.get(form, NEAR[dtype])
    return Measurement(differences[worst], bound, worst)
