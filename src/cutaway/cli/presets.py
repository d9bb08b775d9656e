"""`cutaway presets`."""

from operator import attrgetter

from cutaway.cli.show import AsJSON, print_json, print_table

COLUMNS = {
    "layers": "layers",
    "width": "width",
    "heads": "attention.heads",
    "context": "context",
    "position": "position.kind",
    "norm": "norm.kind",
    "feedforward": "feedforward.kind",
    "residual": "residual",
}


def presets(json: AsJSON = False) -> None:
    """List the presets for `cutaway train` and `cutaway plan`."""
    from cutaway.config.reading import load_preset
    from cutaway.config.reading import presets as names

    models = {name: load_preset(name).model for name in names()}
    if json:
        print_json({name: model.model_dump(mode="json") for name, model in models.items()})
        return
    read = attrgetter(*COLUMNS.values())
    print_table(["preset", *COLUMNS], [[name, *read(model)] for name, model in models.items()])
