"""Exports: a network's predict program in other languages, with its weights and tests of itself inside."""

from flintglass.faces import lazy_face

TABLE = {
    "Exported": "flintglass.exporters.exported",
    "FORMATS": "flintglass.exporters.formats",
    "c_header": "flintglass.exporters.c_header",
    "drawn": "flintglass.exporters.exported",
    "python_script": "flintglass.exporters.python_script",
    "require_format": "flintglass.exporters.formats",
    "text_of": "flintglass.exporters.formats",
}
__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)
