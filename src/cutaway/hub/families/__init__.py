"""A file a family; `FAMILIES` finds them by `model_type`."""

from cutaway.errors import UserError
from cutaway.hub.families.bert import BERT
from cutaway.hub.families.gpt2 import GPT2
from cutaway.hub.family import Family

FAMILIES: dict[str, Family] = {family.model_type: family for family in (BERT, GPT2)}


def family_of(model_type: object, source: str) -> Family:
    """The family of this `model_type`.

    Raises:
        UserError: there is none; names those that there are.
    """
    if not isinstance(model_type, str) or model_type not in FAMILIES:
        known = ", ".join(sorted(FAMILIES))
        raise UserError(f"{source} is of model_type {model_type!r}, which cutaway does not have; it has {known}")
    return FAMILIES[model_type]
