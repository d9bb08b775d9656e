"""`cutaway doctor`."""

import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import typer

from cutaway.cli.show import AsJSON, print_facts, print_json
from cutaway.display import size

PACKAGE = "cutaway"
DEVELOPMENT = "dev"
"""The extra that users do not need."""
FEATURES = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_bf16": "AVX-512 bf16",
    "avx512_vnni": "AVX-512 VNNI",
    "amx_bf16": "AMX bf16",
    "asimd": "NEON",
    "sve": "SVE",
    "bf16": "bf16",
}
"""What the processor's flags are called that make matrix products faster."""
VARIABLES = (
    *("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "MKL_NUM_THREADS", "KMP_AFFINITY", "PYTORCH_ENABLE_MPS_FALLBACK"),
    *("CUDA_VISIBLE_DEVICES", "HF_HUB_OFFLINE", "PYTHONUTF8"),
)
LITTLE_DISK = 1e9
REQUIREMENT = re.compile(r"([\w.-]+)\s*(?:>=\s*([\w.]+))?[^;]*(?:;.*?(?:extra\s*==\s*['\"]([\w-]+)['\"])?)?\s*")


@dataclass
class Findings:
    """What was found, by section, and what is wrong."""

    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Requirement:
    """A package that cutaway needs, the least version, and the extra that it belongs to, if any."""

    package: str
    least: str
    extra: str | None

    @property
    def installed(self) -> str | None:
        """The version that is installed."""
        try:
            return metadata.version(self.package)
        except metadata.PackageNotFoundError:
            return None

    @property
    def is_met(self) -> bool:
        """Whether it is installed, and not too old."""
        return self.installed is not None and numbers(self.installed) >= numbers(self.least)

    def __str__(self) -> str:
        return f"{self.package}>={self.least}" if self.least else self.package


def doctor(json: AsJSON = False) -> None:
    """Show versions and hardware, and what is wrong with the installation, for a bug report.

    The exit status is 1 if something is wrong. Nothing personal is shown: no paths and no names.
    """
    found = examine()
    if json:
        print_json(asdict(found))
    else:
        for title, facts in found.sections.items():
            print(title)
            print_facts({f"  {name}": value for name, value in facts.items()})
            print()
        print("\n".join(f"problem: {one}" for one in found.problems) or "nothing is wrong")
    if found.problems:
        raise typer.Exit(1)


def examine() -> Findings:
    """Examines the installation and the machine."""
    found = Findings()
    found.sections["versions"] = versions(found.problems)
    found.sections["processor"] = processor()
    found.sections["machine"] = machine(found.problems)
    found.sections["extras"] = extras()
    found.sections["plugins"] = plugins(found.problems)
    found.sections["terminal"] = terminal(found.problems)
    found.problems = [impersonal(one) for one in found.problems]
    return found


def versions(problems: list[str]) -> dict[str, Any]:
    """Versions of cutaway, Python, the system, and each dependency; complains about what is missing or too old."""
    from cutaway import __version__

    own = {
        PACKAGE: __version__,
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }
    needed = [one for one in requirements() if one.extra is None]
    if not needed:
        problems.append(f"{PACKAGE} is not installed as a package: pip install {PACKAGE}")
    for one in needed:
        if not one.is_met:
            what = "is missing" if one.installed is None else f"{one.installed} is too old"
            problems.append(f"{one.package} {what}: pip install --upgrade '{one}'")
    try:
        import_module("torch")
    except Exception as error:  # whatever a broken installation does
        problems.append(f"torch cannot be imported ({type(error).__name__}: {error}): install it again")
    return own | {one.package: one.installed or "missing" for one in needed}


def processor() -> dict[str, Any]:
    """The name of the processor, the features that torch may use, and its threads."""
    name, flags = name_and_flags()
    facts: dict[str, Any] = {"name": name, "cores": os.cpu_count()}
    if flags:
        facts["features"] = ", ".join(shown for flag, shown in FEATURES.items() if flag in flags) or "none of these"
    facts |= if_possible(_torch_on_processor)
    return facts | {variable: os.environ[variable] for variable in VARIABLES if variable in os.environ}


def _torch_on_processor() -> dict[str, Any]:
    import torch

    return {
        "torch uses": torch.backends.cpu.get_cpu_capability(),
        "threads": f"{torch.get_num_threads()} ({torch.get_num_interop_threads()} between operations)",
    }


def machine(problems: list[str]) -> dict[str, Any]:
    """Accelerators, memory, and disk where runs are written."""
    free = shutil.disk_usage(Path.cwd()).free
    if free < LITTLE_DISK:
        problems.append(f"only {size(free)} are free on this disk: a run may not fit")
    return {**if_possible(_accelerators_and_memory), "free disk here": size(free)}


def _accelerators_and_memory() -> dict[str, Any]:
    from cutaway.model.device import accelerators, machine_memory

    memory = machine_memory()
    return {
        "accelerators": "; ".join(accelerators()) or "none",
        "memory": "unknown" if memory is None else size(memory),
    }


def extras() -> dict[str, Any]:
    """For each extra, whether it is installed, or else the command that installs it and what is missing."""
    by_extra: dict[str, list[Requirement]] = {}
    for one in requirements():
        if one.extra not in (None, DEVELOPMENT):
            by_extra.setdefault(str(one.extra), []).append(one)
    lacking = {extra: [one.package for one in needed if not one.is_met] for extra, needed in sorted(by_extra.items())}
    return {
        extra: f"pip install '{PACKAGE}[{extra}]'  (missing: {', '.join(missing)})" if missing else "installed"
        for extra, missing in lacking.items()
    }


def plugins(problems: list[str]) -> dict[str, Any]:
    """The names that other packages register in each group; complains about those that cannot be loaded."""
    from cutaway.errors import UserError
    from cutaway.plugins import FAMILIES, POSITIONS, READERS, TASKS, load_plugin, plugin_names

    facts: dict[str, Any] = {}
    for group in (TASKS, POSITIONS, READERS, FAMILIES):
        names = plugin_names(group)
        facts[group] = ", ".join(names) or "none"
        for name in names:
            try:
                load_plugin(group, name, object)
            except UserError as error:
                problems.append(str(error))
    return facts


def terminal(problems: list[str]) -> dict[str, Any]:
    """The encoding of the terminal."""
    encoding = str(getattr(sys.stdout, "encoding", None) or "unknown").lower()
    if encoding.replace("-", "").replace("_", "") not in ("utf8", "unknown"):
        problems.append(f"the terminal is {encoding}, not UTF-8: set PYTHONUTF8=1")
    return {"encoding": encoding, "interactive": "yes" if sys.stdout.isatty() else "no"}


def requirements() -> Iterator[Requirement]:
    """What the installed package says that it needs; nothing if it is not installed."""
    try:
        lines = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        lines = []
    for line in lines:
        if match := REQUIREMENT.fullmatch(line):
            yield Requirement(match[1], match[2] or "", match[3])


def numbers(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with: (2, 6, 0) of 2.6.0+cpu."""
    beginning, *_ = re.split(r"[^\d.]", version, maxsplit=1)
    return tuple(map(int, re.findall(r"\d+", beginning)))


def name_and_flags() -> tuple[str, set[str]]:
    """The name of the processor and the flags that Linux lists."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine(), {"asimd"} if platform.machine() == "arm64" else set()
    facts: Mapping[str, str] = {
        key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())
    }
    flags = facts.get("flags", facts.get("Features", ""))
    return facts.get("model name", platform.machine()), set(flags.split())


def if_possible(facts: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The facts, or nothing if torch cannot be imported, which is a problem of its own."""
    try:
        return facts()
    except (ImportError, OSError):
        return {}


def impersonal(text: str) -> str:
    """The text without the user's folder, in one line."""
    return " ".join(text.replace(str(Path.home()), "~").split())
