"""An application's own revisions: a branch beside ours, each depending on what of ours is new."""

from collections.abc import Iterable
from pathlib import Path

from alembic.operations.ops import MigrationScript
from alembic.script import ScriptDirectory


class Branch:
    """Says of a new revision what else would have to be typed: branch label, head, dependencies, and where it goes.

    :param label: what the branch is called, as in ``alembic downgrade label@base``.
    """

    def __init__(self, label: str, script: ScriptDirectory) -> None:
        self._label = label
        self._script = script

    def place(self, _context: object, _revision: object, revisions: Iterable[MigrationScript]) -> None:
        """Place revisions, as a ``process_revision_directives`` hook; what the command line says is left as it is."""
        for revision in revisions:
            if revision.head in {None, "head"} and not revision.splice:
                self._place(revision)

    def _place(self, revision: MigrationScript) -> None:
        scripts = [found for head in self._script.get_heads() if (found := self._script.get_revision(head))]
        ours = [found for found in scripts if self._label in found.branch_labels]
        followed = {found.revision for head in ours for found in self._script.iterate_revisions(head.revision, "base")}
        new = [found.revision for found in scripts if found not in ours and found.revision not in followed]
        revision.depends_on = revision.depends_on or new
        if ours:
            revision.head = f"{self._label}@head"
        else:
            revision.head = "base"
            revision.branch_label = self._label
            revision.version_path = revision.version_path or str(Path(self._script.dir) / "versions")
