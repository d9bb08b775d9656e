"""Models by their names on the Hugging Face hub."""

import re
from pathlib import Path

from cutaway.config.other_names import MODELS_WITHOUT_OWNER
from cutaway.errors import UserError

NAME = re.compile(
    rf"(hf:)?(?P<name>[A-Za-z0-9][\w.-]*/[\w.-]+|{'|'.join(sorted(MODELS_WITHOUT_OWNER))})(@(?P<revision>[\w./-]+))?"
)
FILES = ("*.json", "*.safetensors", "*.bin", "*.txt", "*.model", "*.spm", "*.jinja", "*/config.json")


def is_name(path: str) -> bool:
    """Whether this may be the name of a model, such as ``owner/model@revision``, and is not a local path."""
    matched = NAME.fullmatch(path)
    if matched is None or Path(path).exists():
        return False
    return matched["name"] in MODELS_WITHOUT_OWNER or not Path(path).parent.is_dir()


def download(path: str) -> tuple[Path, str]:
    """Downloads a model, or finds it in the local cache.

    Args:
        path: ``owner/model``, or ``owner/model@revision``.

    Returns:
        the folder, and its revision, which never changes.

    Raises:
        UserError: this is not a name, the library is not installed, there is no such model, or no network.
    """
    matched = NAME.fullmatch(path)
    if matched is None:
        raise UserError(f"{path} is not the name of a model: write owner/model, or owner/model@revision")
    try:
        import huggingface_hub
    except ImportError:
        raise UserError(
            f"{path} is not a local folder, and loading it from the hub needs: pip install 'cutaway[hub]'"
        ) from None
    try:
        found = huggingface_hub.snapshot_download(
            matched["name"],
            revision=matched["revision"],
            allow_patterns=list(FILES),
            ignore_patterns=["*/*.safetensors"],
        )
    except (OSError, ValueError) as error:  # the base classes of all exceptions of the library
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"there is no folder {path}, and the hub does not give {matched['name']} ({reason}): "
            f"without network, give the path of a folder"
        ) from None
    return Path(found), Path(found).name
