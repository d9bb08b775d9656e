"""The model's forward and backward pass as code that torch's compiler makes from the same equations."""

import os
import shutil
import sys
import warnings
from typing import cast

import torch
from torch import nn

COMPILERS = {"darwin": "clang++", "win32": "cl"}
"""The C++ compiler that torch uses if `CXX` names none; elsewhere it is g++."""


def compiled(model: nn.Module) -> nn.Module:
    """The model with a compiled call, which shares its weights; the model itself stays as it is.

    Code is compiled when it is first called, and again for shapes that it does not fit. Random numbers are drawn as
    without compiling, so that dropout is the same. Without a C++ compiler, a warning says so and the model is returned.
    """
    wanted = os.environ.get("CXX") or COMPILERS.get(sys.platform, "g++")
    if shutil.which(wanted) is None:
        warnings.warn(
            f"train.compile needs a C++ compiler, but there is no {wanted}: training goes on without compiling",
            stacklevel=2,
        )
        return model
    return cast(nn.Module, torch.compile(model, options={"fallback_random": True}))
