"""What differs between a processor and an accelerator is written in one file.

Naming the devices that a person may choose is allowed anywhere: `Literal["cpu", "cuda"]`.
"""

import ast
from collections.abc import Iterator

from house.sources import PACKAGE, Source, hold, sources

HOME = PACKAGE / "model/device.py"
DEVICES = ("cuda", "mps")


def test_device_code_lives_in_one_file() -> None:
    hold(device_code, sources("src"))


def device_code(source: Source) -> Iterator[str]:
    if source.path == HOME:
        return
    choices = {node for choice in ast.walk(source.tree) if is_literal(choice) for node in ast.walk(choice)}
    for node in ast.walk(source.tree):
        if is_device_code(node) and node not in choices:
            yield source.at(node, f"{ast.unparse(node)} depends on the device: only {HOME} may")


def is_device_code(node: ast.AST) -> bool:
    """`torch.cuda`, `tensor.cuda`, `torch.backends.mps`, an import of such a module, or a device's name as a string."""
    match node:
        case ast.Attribute(attr=name):
            return name in DEVICES
        case ast.Constant(value=str(text)):
            return text.partition(":")[0] in DEVICES
        case ast.Import(names=aliases):
            return any(part in DEVICES for alias in aliases for part in alias.name.split("."))
        case ast.ImportFrom(module=str(module), names=aliases):
            return any(part in DEVICES for part in [*module.split("."), *(alias.name for alias in aliases)])
    return False


def is_literal(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "Literal"
