"""Words that no value may have in C: those of the language, of <math.h>, and of the loops that rows write."""

from __future__ import annotations

from flintglass.exporters.c_elements import IN_MATH
from flintglass.exporters.c_loops import VARIABLES
from flintglass.primitives import PRIMITIVES

# Those of C++ too, since a header may be included there.
KEYWORDS = """auto break case char const continue default do double else enum extern float for goto if inline int long
register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool true
false class new delete this template typename operator namespace using try catch throw public private protected virtual
friend explicit mutable and or not xor asm main errno signbit isfinite isnan fpclassify"""
FUNCTIONS = (*IN_MATH.values(), "pow", "fabs", "fmod", "copysign")
TAKEN = {
    *VARIABLES,
    *("total", "best", "place", "order", "t"),
    *KEYWORDS.split(),
    *(f"{name}{end}" for name in FUNCTIONS for end in ("", "f")),
}

# Refused primitives, with the reason; everything else has a row in c_elements, c_rows, c_searches or c_control.
REFUSED = {
    "random_bits": "an exported function keeps no state, so it draws no random numbers",
    **dict.fromkeys(
        (name for name, primitive in PRIMITIVES.items() if primitive.tier == "host"),
        "decompositions of matrices are LAPACK's work, and the header needs no library; export to .py",
    ),
}
