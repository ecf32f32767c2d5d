"""Multi-line text that keeps its exact value wherever a formatter puts it."""

import re


def text_block(text: str) -> str:
    """The text between triple quotes, less the margin.

    The text begins on the line after the opening quotes; the blanks before the closing quotes are the margin, taken
    off every line. Whatever indentation the code around it gets, the value is the same.

    :raises ValueError: when the text is not laid out like that.
    """
    first, *lines, margin = text.split("\n") if "\n" in text else (text, "")
    if first or margin.strip(" "):
        msg = "a text block begins on the line after its opening quotes and ends on the line before its closing ones"
        raise ValueError(msg)
    if bad := [line for line in lines if line and not line.startswith(margin)]:
        msg = f"a line of a text block stands left of its closing quotes: {bad[0]!r}"
        raise ValueError(msg)
    return "".join(f"{line[len(margin) :]}\n" for line in lines)


_UNSAFE = re.compile(r'"""|[ \t]$|[^\n -~\u00a0-\ud7ff\ue000-\uffff]|\\$', re.MULTILINE)


def render_text(text: str, margin: str) -> str:
    """Python code whose value is ``text``, readable as SQL where the text allows it."""
    if "\n" not in text:
        return repr(text)
    body, end = (text, "") if text.endswith("\n") else (text + "\n", '.removesuffix("\\n")')
    if _UNSAFE.search(text) or text.startswith("\n" * 3):
        lines = "\n".join(f"{margin}    {line!r}" for line in text.splitlines(keepends=True))
        return f"(\n{lines}\n{margin})"
    prefix = "r" if "\\" in text else ""
    inner = "".join(f"{margin}{line}".rstrip() + "\n" for line in body.split("\n")[:-1])
    return f'text_block({prefix}"""\n{inner}{margin}"""){end}'
