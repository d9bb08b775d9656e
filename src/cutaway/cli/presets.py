"""`cutaway presets`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cutaway.cli.show import AsJSON, print_json, print_table
from cutaway.display import count

if TYPE_CHECKING:
    from cutaway.config.reading import Preset


def presets(
    name: Annotated[str | None, typer.Argument(help="A preset, to show as a run file; default: list all.")] = None,
    json: AsJSON = False,
) -> None:
    """List the presets for `cutaway train` and `cutaway plan`, or show one as a run file.

    Where the data determines the number of parameters, it is that with 65 characters, two labels, or images of 14 × 14
    patches. To change a preset, save it as a run file:

    cutaway presets gpt-nano > my.yaml
    """
    from cutaway.config.reading import describe_preset, preset_text
    from cutaway.config.reading import presets as names

    if name is not None and not json:
        print(preset_text(name), end="")
        return
    described = [describe_preset(each) for each in (names() if name is None else [name])]
    if name is not None:
        (one,) = described
        print_json({"preset": one.name, **facts(one), "config": one.config.model_dump(mode="json")})
    elif json:
        print_json({one.name: facts(one) for one in described})
    else:
        columns = ["preset", "task", "architecture", "parameters", "about"]
        table = [{"preset": one.name, **facts(one), "parameters": count(one.parameters)} for one in described]
        print_table(columns, [[row[column] for column in columns] for row in table])


def facts(preset: "Preset") -> dict[str, Any]:
    """What is listed of a preset."""
    model = preset.config.model
    return {
        "task": preset.config.task.kind,
        "architecture": model.architecture,
        "parameters": preset.parameters,
        "about": preset.about,
    }
