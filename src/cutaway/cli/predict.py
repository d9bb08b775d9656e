"""`cutaway predict`."""

from cutaway.cli.arguments import Device, File, Model, Texts, given, open_model
from cutaway.cli.show import AsJSON, as_text, in_one_line, print_json


def predict(model: Model, text: Texts = None, file: File = None, device: Device = "auto", json: AsJSON = False) -> None:
    """Print a model's prediction for each input: a text, the path of an image or recording, numbers.

    This works for every task; tasks of other packages have no other command.
    """
    from cutaway.tasks.task import task_of

    words = given(text, file, model)
    pipeline = open_model(model, device)
    task = task_of(pipeline.config)
    found = pipeline.predict([task.read_input(word) for word in words])
    if json:
        print_json([{"input": word, "prediction": one} for word, one in zip(words, found, strict=True)])
        return
    for one in found:
        print(in_one_line(one) if isinstance(one, str) else as_text(one))
