"""The base class of all configs."""

from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, model_validator


class Record(BaseModel):
    """Frozen choices. Unknown keys are rejected; numbers and words may be given as text.

    A field with several kinds may be given by a kind's name only (``position: alibi``); without a kind, its keys belong
    to the default kind.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _understand(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        understood = dict(given)
        for name, field in cls.model_fields.items():
            value = understood.get(name)
            default = getattr(field.default, "kind", None)
            if default is not None and isinstance(value, str):
                understood[name] = {"kind": value}
            elif default is not None and isinstance(value, dict):
                understood[name] = {"kind": default, **value}
            elif isinstance(value, str) and value.lower() == "none" and type(None) in get_args(field.annotation):
                understood[name] = None
            elif isinstance(value, str) and str not in get_args(field.annotation) and _has_kinds(field.annotation):
                understood[name] = {"kind": value}
        return understood


def _has_kinds(annotation: Any) -> bool:
    """Whether a field may contain a record of several kinds, besides None."""
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return "kind" in annotation.model_fields
    return any(_has_kinds(part) for part in get_args(annotation))
