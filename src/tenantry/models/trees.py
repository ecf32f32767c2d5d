"""What keeps a row of a tree from being its own ancestor."""

from typing import Final

from tenantry.models.routines import function

#: what a trigger executes, with the columns of the row and of the one above it
REFUSE_CYCLE: Final = "refuse_cycle"

function(
    REFUSE_CYCLE,
    returns="trigger",
    language="plpgsql",
    comment="Trigger: following the references from its first argument's column to its second's never leads back.",
)
