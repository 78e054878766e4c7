"""The body of a C function: a bound program as loops, elementwise lines of a layer gathered into one loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from flintglass.errors import ExportError
from flintglass.exporters.c_elements import ELEMENTS, Element
from flintglass.exporters.c_helpers import Helpers, every_helper
from flintglass.exporters.c_loops import Nest, Walk, index, shape_of, stretched, whole
from flintglass.exporters.c_types import c_type, count, number, size_in_bytes
from flintglass.exporters.c_words import REFUSED, TAKEN
from flintglass.exporters.words import Words, readable
from flintglass.primitives import PRIMITIVES
from flintglass.program import Instruction, Literal, Operand, Program, Spec, Value
from flintglass.program.notation import expression


@dataclass
class Header:
    """What the functions of one header share: prefix, helpers, the functions of blocks, the constants' names."""

    prefix: str
    constants: dict[Value, str] = field(default_factory=dict)
    functions: dict[tuple[Program, bool], Function] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.helpers = Helpers(self.prefix)
        own = ["predict", "predict_rows", *(f"{kind}_{i}" for kind in ("given", "expected") for i in range(99))]
        self.words = Words(f"{self.prefix}_{word}" for word in [*own, *every_helper()])

    def function_of(self, block: Program, of_numbers: bool = False) -> Function:
        """The function of arrays, or of single numbers, that a block becomes; written when it is first asked for."""
        key = block, of_numbers
        if key not in self.functions:
            word = self.words.new(f"{self.prefix}_{block.name}")
            if of_numbers:
                self.functions[key] = _of_numbers(self, block, word)
            else:
                inputs = [value.name for value in block.inputs]
                self.functions[key] = of_arrays(self, block, word, inputs, block.output_names)
        return self.functions[key]


@dataclass(frozen=True)
class Function:
    """A C function: its text, whether it returns 1 where an index does not fit, and the bytes of its arrays."""

    word: str
    text: str
    fails: bool
    stack: int


Row = Callable[["Body", Instruction], list[str]]
ROWS: dict[str, Row] = {}  # what is not elementwise; c_rows and c_control fill it


class Body:
    """The lines of one function over arrays; ``names`` says what each value is called."""

    def __init__(self, header: Header, program: Program, names: dict[Value, str], words: Words) -> None:
        self.header, self.program, self.names, self.words = header, program, names, words
        self.fails = False
        self.stack = 0  # bytes of this function's arrays
        self.deepest = 0  # bytes of the functions that it calls
        self._given = set(names)
        self.uses = Counter(value for line in program.instructions for value in line.values())
        self.uses.update(value for value in program.outputs if isinstance(value, Value))

    # -- what rows ask for

    def array(self, operand: Operand) -> str:
        """The name of a value's array."""
        if isinstance(operand, Literal):
            raise ExportError(f"the number {operand} stands where C needs an array")
        return self.names.get(operand) or self.header.constants[operand]

    def at(self, operand: Operand, terms: Sequence[str]) -> str:
        """One element: an indexed array, or a number."""
        return number(operand) if isinstance(operand, Literal) else f"{self.array(operand)}[{index(terms)}]"

    def declared(self, value: Value) -> list[str]:
        """The declaration of a value's array; none for an output that the caller gave."""
        if value in self._given:
            return []
        self.names[value] = self.words.new(value.name)
        self.stack += size_in_bytes(value.spec)
        return [f"{c_type(value.spec.dtype)} {self.names[value]}[{count(value.spec)}];"]

    def copied(self, value: Value, operand: Operand, walk: Walk | None = None) -> list[str]:
        """``value``, an array with a name, filled from an operand that is walked through in some order."""
        shape = shape_of(value.spec)
        nest = Nest(shape, [whole(shape), walk or stretched(shape_of(operand.spec), shape)])
        start = walk.start if walk else 0
        return nest.wrap([f"{self.array(value)}[{index(nest.at(0))}] = {self.at(operand, nest.at(1, start))};"])

    def temporary(self, wanted: str, spec: Spec) -> tuple[str, str]:
        """The word and the declaration of an array of this function's own."""
        word = self.words.new(wanted)
        self.stack += size_in_bytes(spec)
        return word, f"{c_type(spec.dtype)} {word}[{count(spec)}];"

    def call(self, block: Program, arguments: Sequence[str]) -> list[str]:
        """A call of the function that a block is."""
        function = self.header.function_of(block)
        self.deepest = max(self.deepest, function.stack)
        self.fails = self.fails or function.fails
        text = f"{function.word}({', '.join(arguments)})"
        return [f"if ({text})", "    return 1;"] if function.fails else [f"{text};"]

    def pointer(self, operand: Operand) -> tuple[list[str], str]:
        """An operand as an array that a function can be given, and what must stand before."""
        if not isinstance(operand, Literal):
            return [], self.array(operand)
        word = self.words.new("number")
        return [f"const {c_type(operand.spec.dtype)} {word}[1] = {{{number(operand)}}};"], word

    # -- the lines

    def write(self) -> list[str]:
        lines: list[str] = []
        origin = ""
        for group in self._groups():
            if group[0].origin != origin:
                origin = group[0].origin
                lines += ([""] if lines else []) + [f"/* {readable(origin)} */"]
            lines += self._elements(group) if _is_elementwise(group[0]) else self._row(group[0])
        for value in dict.fromkeys(value for line in self.program.instructions for value in line.outputs):
            if not self.uses[value] and value in self.names and value not in self._given:
                lines.append(f"(void){self.names[value]};")
        return lines

    def _row(self, line: Instruction) -> list[str]:
        if line.primitive in REFUSED or line.primitive not in ROWS:
            raise ExportError(
                f"the layer {readable(line.origin)!r} uses {line.primitive}, which an export does not hold: "
                f"{REFUSED.get(line.primitive, 'no row says how it is written in C')}"
            )
        lines = ROWS[line.primitive](self, line)
        return [f"/* {readable(self._listed(line))} */", *lines]

    def _listed(self, line: Instruction) -> str:
        """The line as the listing has it, by the names that the code uses."""
        called = self.header.constants | self.names
        given = [item if isinstance(item, Literal) else replace(item, name=called[item]) for item in line.operands]
        made = [called.get(value, value.name) for value in line.outputs]
        return f"{', '.join(made)} = {expression(replace(line, operands=tuple(given)))}"

    def _groups(self) -> list[list[Instruction]]:
        """Neighbouring elementwise lines of a layer that have one shape, together; other lines by themselves."""
        groups: list[list[Instruction]] = []
        for line in self.program.instructions:
            last = groups[-1][-1] if groups else None
            joins = last is not None and _is_elementwise(last) and _is_elementwise(line)
            if joins and last is not None and (_extents(last), last.origin) == (_extents(line), line.origin):
                groups[-1].append(line)
            else:
                groups.append([line])
        return groups

    def _elements(self, group: list[Instruction]) -> list[str]:
        """One loop over the elements of a group: what nobody else reads is a number, the rest are arrays."""
        inside = dict.fromkeys(value for line in group for value in line.outputs)
        within = Counter(value for line in group for value in line.values())
        shape = max(map(_shape, group), key=len)
        outside = dict.fromkeys(v for line in group for v in line.values() if v not in inside)
        kept = [value for value in inside if within[value] < self.uses[value] or not self.uses[value]]
        arrays = [*outside, *kept]
        nest = Nest(shape, [stretched(shape_of(value.spec), shape) for value in arrays])
        lines = [text for value in kept for text in self.declared(value)]
        texts = {value: self.at(value, nest.at(position)) for position, value in enumerate(arrays)}
        texts.update((value, self.words.new(value.name)) for value in inside if value not in texts)
        body = [text for line in group for text in self._element(line, texts, set(kept))]
        return lines + nest.wrap(body)

    def _element(self, line: Instruction, texts: Mapping[Value, str], kept: set[Value]) -> list[str]:
        if line.primitive == "each":
            return self._each(line, texts, kept)
        given = [number(item) if isinstance(item, Literal) else texts[item] for item in line.operands]
        right = ELEMENTS[line.primitive](Element(line, given, self.header.helpers))
        (value,) = line.outputs
        return [f"{'' if value in kept else f'const {c_type(value.spec.dtype)} '}{texts[value]} = {right};"]

    def _each(self, line: Instruction, texts: Mapping[Value, str], kept: set[Value]) -> list[str]:
        given = [number(item) if isinstance(item, Literal) else texts[item] for item in line.operands]
        function = self.header.function_of(line.attributes["body"], of_numbers=True)
        if len(line.outputs) == 1:
            (value,) = line.outputs
            typed = "" if value in kept else f"const {c_type(value.spec.dtype)} "
            return [f"{typed}{texts[value]} = {function.word}({', '.join(given)});"]
        lines = [f"{c_type(v.spec.dtype)} {texts[v]};" for v in line.outputs if v not in kept]
        pointers = [f"&{texts[value]}" for value in line.outputs]
        return [*lines, f"{function.word}({', '.join([*given, *pointers])});"]


def _shape(line: Instruction) -> tuple[int, ...]:
    return shape_of(line.outputs[0].spec)


def _extents(line: Instruction) -> tuple[int, ...]:
    """The shape less its first axes of extent 1: (1, 8) and (8,) are walked through alike."""
    shape = _shape(line)
    while shape and shape[0] == 1:
        shape = shape[1:]
    return shape


def _is_elementwise(line: Instruction) -> bool:
    return line.primitive == "each" or (PRIMITIVES[line.primitive].elementwise and line.primitive in ELEMENTS)


def _of_numbers(header: Header, program: Program, word: str) -> Function:
    """The body of an ``each`` as a function: it returns its result, or fills several through pointers."""
    words = Words(TAKEN, not_like=f"{header.prefix}_")
    texts: dict[Value, str] = {value: words.new(value.name) for value in program.inputs}
    body = Body(header, program, {}, words)
    parameters = [f"{c_type(value.spec.dtype)} {name}" for value, name in texts.items()]
    lines = [f"(void){texts[value]};" for value in program.inputs if not body.uses[value]]
    for line in program.instructions:
        texts.update((value, words.new(value.name)) for value in line.outputs)
        lines += body._element(line, texts, set())
        lines += [f"(void){texts[value]};" for value in line.outputs if not body.uses[value]]
    results = [number(o) if isinstance(o, Literal) else texts[o] for o in program.outputs]
    if len(results) == 1:
        head = f"static inline {c_type(program.outputs[0].spec.dtype)} {word}({', '.join(parameters)})"
        lines.append(f"return {results[0]};")
    else:
        names = [words.new(name) for name in program.output_names]
        targets = zip(program.outputs, names, strict=True)
        pointers = [f"{c_type(operand.spec.dtype)} *{name}" for operand, name in targets]
        head = f"static inline void {word}({', '.join([*parameters, *pointers])})"
        lines += [f"*{name} = {text};" for name, text in zip(names, results, strict=True)]
    return Function(word, function_text(head, lines), False, 0)


def of_arrays(
    header: Header,
    program: Program,
    word: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    fails: bool | None = None,
) -> Function:
    """A function that is given arrays and fills arrays; fails: whether it must return a number, or as needed."""
    words = Words(TAKEN, not_like=f"{header.prefix}_")
    names = {value: words.new(name) for value, name in zip(program.inputs, inputs, strict=True)}
    targets = [words.new(name) for name in outputs]
    parameters = [f"const {c_type(value.spec.dtype)} *{name}" for value, name in names.items()]
    parameters += [f"{c_type(o.spec.dtype)} *{name}" for o, name in zip(program.outputs, targets, strict=True)]
    made = {value for line in program.instructions if line.primitive != "reshape" for value in line.outputs}
    unused = [name for value, name in names.items() if value not in _used(program)]
    copies: list[tuple[str, Operand]] = []
    for target, operand in zip(targets, program.outputs, strict=True):
        if isinstance(operand, Value) and operand in made and operand not in names:
            names[operand] = target
        else:
            copies.append((target, operand))
    body = Body(header, program, names, words)
    lines = [*(f"(void){name};" for name in unused), *body.write()]
    for target, operand in copies:
        goal = Value(f"return {target}", operand.spec)
        body.names[goal] = target
        lines += body.copied(goal, operand)
    fails = body.fails if fails is None else fails
    head = f"static inline {'int' if fails else 'void'} {word}({', '.join(parameters)})"
    return Function(
        word, function_text(head, [*lines, *(["return 0;"] if fails else [])]), fails, body.stack + body.deepest
    )


def _used(program: Program) -> set[Operand]:
    return {value for line in program.instructions for value in line.values()} | set(program.outputs)


def function_text(head: str, lines: Sequence[str]) -> str:
    """A function from its head and its lines."""
    inner = "\n".join(f"    {line}" if line else "" for line in lines)
    return f"{head}\n{{\n{inner}\n}}"
