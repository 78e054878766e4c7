"""Glass: what a program computed, shown with its numbers; explanations and pictures."""

from flintglass.faces import lazy_face

TABLE = {
    "Explanation": "flintglass.glass.explanation",
    "Style": "flintglass.glass.formula",
    "explain": "flintglass.glass.explanation",
    "explain_program": "flintglass.glass.explanation",
    "explain_step": "flintglass.glass.explanation",
    "plot_history": "flintglass.glass.plots",
    "plot_units": "flintglass.glass.plots",
}
__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)
