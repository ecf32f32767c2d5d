"""How a revision comes about: inspect -> desired -> canonicalise -> diff -> order -> ops -> render.

This module imports no Alembic: Alembic loads the plugin beside it while it is itself half imported.
"""
