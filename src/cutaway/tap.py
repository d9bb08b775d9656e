"""The single access point to tensors inside a model.

A forward pass gives every tensor of interest to `tap`. Without a capture, the tensor is returned at once: one global
read in eager mode, nothing in a compiled graph. Inside `capture`, the tap gets its full name (the path of its module,
then its own name: ``decoder.3.self_attention.pattern``) and may be recorded or replaced.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Any, Literal

import torch
from torch import Tensor, nn

from cutaway.display import html_table
from cutaway.errors import UserError, counted, nearest

Edit = Callable[[str, Tensor], Tensor | None]

ALIASES = {
    "q": "query",
    "k": "key",
    "v": "value",
    "q_rotated": "query_rotated",
    "k_rotated": "key_rotated",
    "weights": "pattern",
    "mix": "mixed",
}
"""Names of taps in earlier versions; both names may be used."""

_open: tuple["capture", ...] = ()
"""The open captures, the outermost first; all belong to one thread."""
_lock = threading.RLock()


def tap(name: str, x: Tensor) -> Tensor:
    """Passes `x` to the open captures under `name`, and returns it, or what they replace it with."""
    if _open:
        for each in _open:
            x = each.see(name, x)
    return x


def watching(*names: str) -> bool:
    """True if a capture requests one of these taps of the running module."""
    return bool(_open) and any(each.wants(names) for each in _open)


def show(name: str, x: Tensor) -> None:
    """Passes `x` to the open captures under `name`; nothing is computed from it, so it cannot be edited.

    Raises:
        UserError: a capture edits it.
    """
    for each in _open:
        each.see(name, x, is_used=False)


def captures(module: nn.Module) -> bool:
    """True if an open capture records or edits a tap of this module or of one of its submodules."""
    return any(each.covers(module) for each in _open)


def tap_names(model: nn.Module) -> list[str]:
    """Every tap that a forward pass of this model reaches, in the order of its modules.

    Each module lists its own taps in an attribute `taps`, which depends on how it was built.
    """
    named = ((path, getattr(module, "taps", ())) for path, module in model.named_modules())
    return [f"{path}.{name}" if path else name for path, names in named for name in names]


class capture(Mapping[str, Tensor]):  # noqa: N801 (a verb: it is used as a context manager)
    """Records and, on request, replaces tensors inside a model while the block lasts.

    ```python
    with cutaway.capture(model, "decoder.*.self_attention.pattern") as trace:
        model(tokens)
    trace["decoder.0.self_attention.pattern"]  # (batch, heads, query, key)
    ```

    The result is a mapping from full name to tensor, in the order of the forward pass. After several passes, such as
    those of generation, it holds the last one; `passes` gives all of them if they are kept. Tensors keep their graph:
    capture under `torch.no_grad()` unless you want gradients. The model runs eagerly, even if it was compiled.
    Attention computes its scores and pattern only if they are requested; latent attention decodes in its expanded form.
    Where a task computes a loss, `head.logits` are those of the targets only, (N, V).

    Captures nest: an inner one records what the edits of the outer ones returned. All open captures belong to one
    thread; other threads wait. Other models that run in the meantime are not affected.

    Args:
        model: any module whose forward calls `tap`.
        names: one glob pattern or several, matched against the names that `tap_names(model)` lists.
        edits: from glob pattern to a function of (name, tensor). It returns a replacement of the same shape, or changes
            the tensor, which is a copy, in place and returns None. The edited tensor is recorded.
        keep: `last` keeps the tensors of the last pass, `all` those of every pass.

    Raises:
        UserError: a pattern matches no tap of this model; when the block ends, none of the taps of an edit or of a glob
            pattern was reached (a single name that was not reached is listed in `unfired`); or an edit of a tap that is
            only shown.
        ValueError: an edit returned another shape, or `keep` is neither value.
        TypeError: an edit returned something other than a tensor or None.
    """

    def __init__(
        self,
        model: nn.Module,
        names: str | Sequence[str] = (),
        *,
        edits: Mapping[str, Edit] | None = None,
        keep: Literal["last", "all"] = "last",
    ) -> None:
        if keep not in ("last", "all"):
            raise ValueError(f"keep cannot be {keep!r}: write 'last' or 'all'")
        self._model = model
        self._keep_all = keep == "all"
        self._passes: dict[str, list[Tensor]] = {}
        self._fired: set[str] = set()
        self._scope: list[str] = []
        self._undo = ExitStack()
        self._thread = 0
        known = tap_names(model)
        patterns = [names] if isinstance(names, str) else list(names)
        self._recorded = {pattern: _matching(pattern, known) for pattern in patterns}
        self._edited = {pattern: _matching(pattern, known) for pattern in edits or {}}
        self._names = dict.fromkeys(name for matches in self._recorded.values() for name in matches)
        self._edits: dict[str, list[Edit]] = {}
        for pattern, edit in (edits or {}).items():
            for name in self._edited[pattern]:
                self._edits.setdefault(name, []).append(edit)

    def __enter__(self) -> "capture":
        global _open
        if any(each is self for each in _open):
            raise RuntimeError("this capture is open already: make another one to nest")
        with ExitStack() as stack:
            stack.enter_context(_lock)
            stack.enter_context(torch.compiler.set_stance("force_eager"))
            for path, module in self._model.named_modules():
                stack.enter_context(_hooked(module, self._enter_scope(path), self._leave_scope))
            self._thread = threading.get_ident()
            stack.callback(_close, self)
            _open = (*_open, self)
            self._undo = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.abandon()
        if error is None:
            self._require_fired()

    @property
    def unfired(self) -> tuple[str, ...]:
        """Requested names that were not reached so far: experts that were not chosen, multi-token prediction."""
        return tuple(name for name in dict.fromkeys([*self._names, *self._edits]) if name not in self._fired)

    def passes(self, name: str) -> tuple[Tensor, ...]:
        """All tensors recorded under a name, in order; only the last unless all are kept.

        Raises:
            KeyError: none was recorded.
        """
        try:
            return tuple(self._passes[_current(name)])
        except KeyError:
            raise KeyError(f"{name!r} was not captured; {nearest(name, self._passes)}") from None

    def see(self, name: str, x: Tensor, *, is_used: bool = True) -> Tensor:
        """Edits and records `x` if it was requested; called by `tap` and `show`."""
        if not self._is_inside():
            return x
        full = self._full_name(name)
        if not is_used and full in self._edits:
            raise UserError(f"{full!r} is only shown: nothing is computed from it, so it cannot be edited")
        for edit in self._edits.get(full, ()):
            x = _edited(full, edit, x)
            self._fired.add(full)
        if full in self._names:
            self._fired.add(full)
            kept = self._passes.pop(full, [])  # reinserted last: the order is that of the last pass
            if not self._keep_all:
                kept.clear()
            kept.append(x)
            self._passes[full] = kept
        return x

    def wants(self, names: Sequence[str]) -> bool:
        """Whether one of these taps of the running module is recorded or edited; called by `watching`."""
        full = [self._full_name(name) for name in names] if self._is_inside() else []
        return any(name in self._names or name in self._edits for name in full)

    def covers(self, module: nn.Module) -> bool:
        """Whether a tap of this module or of a submodule is recorded or edited; called by `captures`."""
        starts = [f"{path}." if path else "" for path, one in self._model.named_modules() if one is module]
        return any(name.startswith(start) for start in starts for name in (*self._names, *self._edits))

    @property
    def belongs_here(self) -> bool:
        """Whether the running thread opened it."""
        return self._thread == threading.get_ident()

    def abandon(self) -> None:
        """Closes it without a look at what was reached."""
        self._undo.close()

    def __getitem__(self, name: str) -> Tensor:
        return self.passes(name)[-1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._passes)

    def __len__(self) -> int:
        return len(self._passes)

    def __repr__(self) -> str:
        shapes = [f"{name!r} {tuple(found[-1].shape)}" for name, found in self._passes.items()]
        more = f" and {len(shapes) - 3} more" if len(shapes) > 3 else ""
        recorded = (
            f"{', '.join(shapes[:3])}{more}" if shapes else f"{counted(len(self._names), 'tap')}, none reached yet"
        )
        return f"capture({recorded})"

    def _repr_html_(self) -> str:
        rows = [[name, str(tuple(x.shape)), str(x.dtype).removeprefix("torch.")] for name, x in self.items()]
        return html_table(["name", "shape", "dtype"], rows)

    def _require_fired(self) -> None:
        """Raises a UserError if an edit or a glob pattern had no effect."""
        globs = {pattern: names for pattern, names in self._recorded.items() if names != [_current(pattern)]}
        for what, patterns in (("edit", self._edited), ("pattern", globs)):
            for pattern, names in patterns.items():
                if self._fired.isdisjoint(names):
                    count = f"its {len(names)} taps, {names[0]} first" if len(names) > 1 else names[0]
                    raise UserError(f"the {what} {pattern!r} had no effect: no forward pass reached {count}")

    def _is_inside(self) -> bool:
        return bool(self._scope) and self.belongs_here

    def _full_name(self, name: str) -> str:
        return f"{self._scope[-1]}.{name}" if self._scope[-1] else name

    def _enter_scope(self, path: str) -> Callable[[], None]:
        def hook() -> None:
            if self.belongs_here:
                self._scope.append(path)

        return hook

    def _leave_scope(self) -> None:
        if self._is_inside():
            self._scope.pop()


def _edited(name: str, edit: Edit, x: Tensor) -> Tensor:
    """The result of an edit of x; the edit gets a copy, since x may be the input of another computation too."""
    copy = x.clone()
    result = edit(name, copy)
    edited = copy if result is None else result
    if not isinstance(edited, Tensor):
        raise TypeError(
            f"the edit of {name!r} returned {type(edited).__name__}: return a tensor, or None after a change"
        )
    if edited.shape != x.shape:
        raise ValueError(f"the edit of {name!r} returned shape {tuple(edited.shape)}, not {tuple(x.shape)}")
    return edited


def _matching(pattern: str, known: Sequence[str]) -> list[str]:
    matches = [name for name in known if fnmatchcase(name, _current(pattern))]
    if not matches:
        raise UserError(f"no tap of this model matches {pattern!r}; {nearest(pattern, known)}")
    return matches


def _current(name: str) -> str:
    """A tap's name, or a pattern over names, with the current name of its last part."""
    path, dot, last = name.rpartition(".")
    return path + dot + ALIASES.get(last, last)


class _Hook:
    """A hook that a copy of its module does not have: the copy is another model, which is not captured."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act

    def __call__(self, *_: Any) -> None:
        self._act()

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Hook":
        return _Hook(_nothing)


def _nothing() -> None:
    """Does nothing."""


def _hooked(module: nn.Module, before: Callable[[], None], after: Callable[[], None]) -> ExitStack:
    stack = ExitStack()
    stack.callback(module.register_forward_pre_hook(_Hook(before)).remove)
    stack.callback(module.register_forward_hook(_Hook(after), always_call=True).remove)
    return stack


def _close(closed: capture) -> None:
    global _open
    _open = tuple(each for each in _open if each is not closed)


def _after_fork() -> None:
    """Closes the captures of other threads, which a forked process lacks, and renews the lock that they held."""
    global _lock
    if any(each.belongs_here for each in _open):
        return
    _lock = threading.RLock()
    for each in reversed(_open):
        with suppress(RuntimeError):  # the lock of the other thread cannot be released here
            each.abandon()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork)
