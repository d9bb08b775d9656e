"""`cutaway tag`."""

from cutaway.cli.arguments import Device, File, Model, Texts, given, open_model
from cutaway.cli.show import AsJSON, print_json, print_table


def tag(model: Model, text: Texts = None, file: File = None, device: Device = "auto", json: AsJSON = False) -> None:
    """Print the tag of each word of a text; words are separated by white space."""
    found = open_model(model, device).tag(given(text, file, model))
    if json:
        print_json(found)
        return
    for number, words in enumerate(found):
        if number:
            print()
        print_table(["word", "tag", ""], [[one.word, one.tag, f"{one.probability:.1%}"] for one in words])
