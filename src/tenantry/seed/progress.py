"""How far it has come, in one line on a terminal."""

import sys
from typing import Final

_WIDTH: Final = 40


class Progress:
    """A bar on stderr while there is somebody to see it, and nothing otherwise."""

    def __init__(self, steps: int) -> None:
        self.rows = 0
        self._steps = steps
        self._done = 0
        self._shown = sys.stderr.isatty()

    def step(self, rows: int) -> None:
        """One more step is done, of so many rows."""
        self._done += 1
        self.rows += rows
        if self._shown:
            filled = _WIDTH * self._done // self._steps
            bar = "#" * filled + "." * (_WIDTH - filled)
            share = 100 * self._done // self._steps
            sys.stderr.write(f"\r[{bar}] {share:3}%  {self.rows:,} rows")

    def end(self) -> None:
        """Give the line back."""
        if self._shown:
            sys.stderr.write("\r\033[K")
