"""Glass: what a program computed, shown with its numbers; explanations and pictures."""

from flintglass.faces import lazy_face

TABLE = {
    "Explanation": "flintglass.glass.explain",
    "Style": "flintglass.glass.formula",
    "explain": "flintglass.glass.explain",
    "explain_program": "flintglass.glass.explain",
    "explain_step": "flintglass.glass.explain",
    "plot_history": "flintglass.glass.plots",
    "plot_units": "flintglass.glass.plots",
}
__all__ = sorted(TABLE)
__getattr__, __dir__ = lazy_face(__name__, TABLE)
