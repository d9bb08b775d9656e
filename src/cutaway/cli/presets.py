"""`cutaway presets`."""

from cutaway.cli.show import AsJSON, print_json, print_table


def presets(json: AsJSON = False) -> None:
    """List the presets that `cutaway train` and `cutaway plan` take."""
    from cutaway.config.reading import load_preset
    from cutaway.config.reading import presets as names

    models = {name: load_preset(name).model for name in names()}
    if json:
        print_json({name: model.model_dump(mode="json") for name, model in models.items()})
        return
    rows = [
        [name, m.layers, m.width, m.attention.heads, m.context, m.position.kind, m.norm.kind, m.feedforward.kind, m.residual]
        for name, m in models.items()
    ]
    columns = ["preset", "layers", "width", "heads", "context", "position", "norm", "feedforward", "residual"]
    print_table(columns, rows)
