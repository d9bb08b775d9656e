"""The one door through which a tensor inside a model is seen or changed.

A forward pass hands every tensor worth looking at to `tap`. Nobody watching, the tensor comes straight back: one global
read in eager mode, nothing at all in a compiled graph. Inside `capture`, the tap gets its full name (the path of the
module it is in, then its own name: ``decoder.3.self_attention.weights``) and may be recorded or replaced.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

from cutaway.errors import UserError, nearest

Edit = Callable[[str, Tensor], Tensor]

_watcher: "capture | None" = None
_lock = threading.Lock()


def tap(name: str, x: Tensor) -> Tensor:
    """Shows `x` under `name` to whoever is watching, and returns it, or what they put in its place."""
    return x if _watcher is None else _watcher.see(name, x)


def watching(*names: str) -> bool:
    """True if somebody asked for one of these taps of the module that is running now."""
    return _watcher is not None and _watcher.wants(names)


def tap_names(model: nn.Module) -> list[str]:
    """Every tap that a forward pass of this model goes through, in order of its modules.

    Each module lists its own in an attribute `taps`; which those are depends on how it was built.
    """
    named = ((path, getattr(module, "taps", ())) for path, module in model.named_modules())
    return [f"{path}.{name}" if path else name for path, names in named for name in names]


class capture(Mapping[str, Tensor]):  # noqa: N801 (a verb: it is used as a context manager)
    """Records, and on request replaces, tensors inside a model while the block lasts.

    ```python
    with cutaway.capture(model, "decoder.*.self_attention.weights") as trace:
        model(tokens)
    trace["decoder.0.self_attention.weights"]  # (batch, heads, query, key)
    ```

    The result is a mapping from full name to tensor, in the order of the forward pass; of several passes it keeps the
    last. Tensors are kept as they are, graph included: look under `torch.no_grad()` unless you want gradients. The
    model runs eagerly, whether it was compiled or not. Only one capture can be open at a time in a process; another
    thread waits. Other models that run meanwhile are left alone.

    Args:
        model: any module whose forward calls `tap`.
        names: one glob pattern or several over the names that `tap_names(model)` lists.
        edits: glob pattern to a function of (name, tensor) that returns what to put in the tensor's place, of the same
            shape. What is recorded is the edited tensor.

    Raises:
        UserError: a pattern matches no tap of this model.
        ValueError: an edit returned another shape.
    """

    def __init__(
        self, model: nn.Module, names: str | Sequence[str] = (), *, edits: Mapping[str, Edit] | None = None
    ) -> None:
        self._model = model
        self._tensors: dict[str, Tensor] = {}
        self._scope: list[str] = []
        self._undo = ExitStack()
        self._thread = 0
        known = tap_names(model)
        patterns = [names] if isinstance(names, str) else list(names)
        self._recorded = {name for pattern in patterns for name in _matching(pattern, known)}
        self._edits: dict[str, list[Edit]] = {}
        for pattern, edit in (edits or {}).items():
            for name in _matching(pattern, known):
                self._edits.setdefault(name, []).append(edit)

    def __enter__(self) -> "capture":
        global _watcher
        if _watcher is not None and _watcher._thread == threading.get_ident():
            raise RuntimeError("a capture is already open in this thread: put all the names into one")
        with ExitStack() as stack:
            stack.enter_context(_lock)
            stack.enter_context(torch.compiler.set_stance("force_eager"))
            for path, module in self._model.named_modules():
                stack.enter_context(_hooked(module, self._enter_scope(path), self._leave_scope))
            self._thread = threading.get_ident()
            stack.callback(_stop_watching)
            _watcher = self
            self._undo = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._undo.close()

    def see(self, name: str, x: Tensor) -> Tensor:
        """Called by `tap`: edits and records `x` if it was asked for."""
        if not self._is_inside():
            return x
        full = self._full_name(name)
        for edit in self._edits.get(full, ()):
            edited = edit(full, x)
            if edited.shape != x.shape:
                raise ValueError(f"the edit of {full!r} returned shape {tuple(edited.shape)}, not {tuple(x.shape)}")
            x = edited
        if full in self._recorded:
            self._tensors.pop(full, None)
            self._tensors[full] = x
        return x

    def wants(self, names: Sequence[str]) -> bool:
        """Called by `watching`: whether one of these taps of the running module is recorded or edited."""
        full = [self._full_name(name) for name in names] if self._is_inside() else []
        return any(name in self._recorded or name in self._edits for name in full)

    def __getitem__(self, name: str) -> Tensor:
        try:
            return self._tensors[name]
        except KeyError:
            raise KeyError(f"{name!r} was not captured; {nearest(name, self._tensors)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def _is_inside(self) -> bool:
        return bool(self._scope) and self._thread == threading.get_ident()

    def _full_name(self, name: str) -> str:
        return f"{self._scope[-1]}.{name}" if self._scope[-1] else name

    def _enter_scope(self, path: str) -> Callable[..., None]:
        def hook(*_: Any) -> None:
            if threading.get_ident() == self._thread:
                self._scope.append(path)

        return hook

    def _leave_scope(self, *_: Any) -> None:
        if self._is_inside():
            self._scope.pop()


def _matching(pattern: str, known: Sequence[str]) -> list[str]:
    matches = [name for name in known if fnmatchcase(name, pattern)]
    if not matches:
        raise UserError(f"no tap of this model matches {pattern!r}; {nearest(pattern, known)}")
    return matches


def _hooked(module: nn.Module, before: Callable[..., None], after: Callable[..., None]) -> ExitStack:
    stack = ExitStack()
    stack.callback(module.register_forward_pre_hook(before).remove)
    stack.callback(module.register_forward_hook(after, always_call=True).remove)
    return stack


def _stop_watching() -> None:
    global _watcher
    _watcher = None
