"""Formats that are not text, by their first bytes, and what to do with a file of each."""

SIGNATURES = {
    b"PK\x03\x04": "a zip archive, as .xlsx and .docx are: unpack it, or save the table as CSV",
    b"\xd0\xcf\x11\xe0": "an Office file: save the table as CSV",
    b"\x1f\x8b": "compressed by gzip: let its name end with .gz",
    b"BZh": "compressed by bzip2: decompress it",
    b"\xfd7zXZ": "compressed by xz: decompress it",
    b"\x28\xb5\x2f\xfd": "compressed by Zstandard: decompress it",
    b"7z\xbc\xaf": "a 7z archive: unpack it",
    b"PAR1": "Parquet: let its name end with .parquet",
    b"ARROW1": "an Arrow file: save it as Parquet",
    b"\xff\xff\xff\xff": "an Arrow stream: save it as Parquet",
    b"\x93NUMPY": "an array of NumPy: give the text itself, or images as .npz",
    b"SQLite format 3": "a database of SQLite: export a table as CSV",
    b"%PDF": "a PDF: extract its text",
    b"\x89PNG": "an image: name it alone, or the folders that it is in",
    b"\xff\xd8\xff": "an image: name it alone, or the folders that it is in",
    b"RIFF": "a recording: name it alone, or the folders that it is in",
    b"\xff\xfe": "text in UTF-16: convert it to UTF-8",
    b"\xfe\xff": "text in UTF-16: convert it to UTF-8",
}
LONGEST_SIGNATURE = max(map(len, SIGNATURES))


def known_format(start: bytes) -> str | None:
    """What a file that begins with these bytes is, and what to do with it; None if they tell nothing."""
    return next((what for signature, what in SIGNATURES.items() if start.startswith(signature)), None)
