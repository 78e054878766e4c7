"""What a program is: sizes, specs, values, instructions, the listing, its parser and the verifier."""

from flintglass.program.instruction import Instruction, Literal, Operand, Value
from flintglass.program.listing import listing
from flintglass.program.parse import parse
from flintglass.program.program import Program
from flintglass.program.size import Dimension, Size, dimension
from flintglass.program.spec import Shape, Spec
from flintglass.program.verify import verify

__all__ = [
    "Dimension",
    "Instruction",
    "Literal",
    "Operand",
    "Program",
    "Shape",
    "Size",
    "Spec",
    "Value",
    "dimension",
    "listing",
    "parse",
    "verify",
]
