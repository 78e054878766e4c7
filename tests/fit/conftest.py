"""What pytest finds by name in every test of fit."""

from tests.fit.support import on_engine

__all__ = ["on_engine"]
