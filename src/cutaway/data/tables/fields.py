"""Which two fields of a table are the input and the target: those that are chosen, or those with usual names."""

from collections.abc import Sequence

from cutaway.config.data import DataConfig
from cutaway.data.tables.names import Wanted, same
from cutaway.errors import UserError, counted, listed, quoted

CHOOSE = "choose with data.field=… data.target=…"


def chosen_fields(data: DataConfig) -> tuple[str | None, str | None]:
    """The input and the target that the configuration chooses, each None if it does not."""
    return (data.field if data.field != DataConfig().field else None), data.target


def find_fields(fields: Sequence[str], data: DataConfig, wanted: Wanted) -> tuple[str | None, str | None]:
    """The two fields: a chosen one by its name, which may differ in case; the other by its usual names.

    Of a table with two fields, one is what is left if the other is chosen. A field is None if it is missing.
    """
    chosen = [None if name is None else same(fields, name) for name in chosen_fields(data)]
    left = [name for name in fields if name not in chosen]
    found = [
        usual if name is None else own
        for name, own, usual in zip(chosen_fields(data), chosen, wanted.find(left), strict=True)
    ]
    if len(fields) == 2 and len(left) == 1 and None in found:
        found[found.index(None)] = left[0]
    return found[0], found[1]


def choose_fields(fields: Sequence[str], data: DataConfig, wanted: Wanted, place: str) -> tuple[str, str]:
    """The two fields of rows that name them.

    Raises:
        UserError: one is missing; lists the fields.
    """
    source, target = find_fields(fields, data, wanted)
    if source is None or target is None:
        raise missing_fields(fields, data, wanted, place)
    return source, target


def missing_fields(fields: Sequence[str], data: DataConfig, wanted: Wanted, place: str) -> UserError:
    """The refusal of fields of which one is missing."""
    absent = [quoted(name) for name in chosen_fields(data) if name is not None and same(fields, name) is None]
    usual = zip(find_fields(fields, data, wanted), (wanted.sources[0], wanted.targets[0]), strict=True)
    words = " and ".join(absent) or " and ".join(f"{name!r} or a similar one" for one, name in usual if one is None)
    return UserError(f"{place}: no field {words}; there are: {listed(fields) or 'none'} ({CHOOSE})")


def numbered_columns(row: Sequence[str], data: DataConfig, place: str) -> tuple[int, int] | None:
    """The columns, from 0, that are chosen by their numbers, from 1; None if no number is chosen.

    A number is a name if the first row has numbers only, these among them.

    Raises:
        UserError: there is no such column, or one of more than two is not chosen.
    """
    chosen = chosen_fields(data)
    names = [name for name in chosen if name is not None]
    are_names = data.header or (all(cell.strip().isdecimal() for cell in row) and all(same(row, one) for one in names))
    if not names or are_names or not all(name.isdecimal() for name in names):
        return None
    numbers = [None if name is None else int(name) for name in chosen]
    if len(row) == 2 and None in numbers:
        numbers = [3 - sum(one or 0 for one in numbers) if number is None else number for number in numbers]
    source, target = numbers
    if source is None or target is None:
        raise UserError(
            f"{place}: {counted(len(row), 'column')}: choose both by their numbers, with data.field=… data.target=…"
        )
    if not {source, target} <= set(range(1, len(row) + 1)) or source == target:
        raise UserError(f"{place}: data.field={source} data.target={target}: choose two of the columns 1 to {len(row)}")
    return source - 1, target - 1
