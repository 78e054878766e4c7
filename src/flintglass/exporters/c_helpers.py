"""Small C functions that an exported header may need: one template each, filled in for a type where one is needed."""

from __future__ import annotations

from flintglass.exporters.c_types import TYPES, c_type

# P is the prefix, T the type of the numbers, S its short name, R the type of the result.
TEMPLATES = {
    "maximum_float": "static inline T P_maximum_S(T x, T y) { return x >= y || x != x ? x : y; }",
    **dict.fromkeys(("maximum_int", "maximum_uint"), "static inline T P_maximum_S(T x, T y) { return x > y ? x : y; }"),
    "minimum_float": "static inline T P_minimum_S(T x, T y) { return x <= y || x != x ? x : y; }",
    **dict.fromkeys(("minimum_int", "minimum_uint"), "static inline T P_minimum_S(T x, T y) { return x < y ? x : y; }"),
    "floor_divide_float": """\
static inline T P_floor_divide_S(T x, T y)
{
    const T rest = FMOD(x, y);
    if (y == 0)
        return x / y;
    T quotient = (x - rest) / y;
    if (rest != 0 && (y < 0) != (rest < 0))
        quotient -= 1;
    if (quotient == 0)
        return COPYSIGN(0, x / y);
    const T down = FLOOR(quotient);
    return quotient - down > (T)0.5 ? down + 1 : down;
}""",
    "remainder_float": """\
static inline T P_remainder_S(T x, T y)
{
    const T rest = FMOD(x, y);
    if (rest == 0 && y != 0)
        return COPYSIGN(0, y);
    return rest != 0 && (y < 0) != (rest < 0) ? rest + y : rest;
}""",
    "floor_divide_int": """\
static inline T P_floor_divide_S(T x, T y)
{
    if (y == 0)
        return 0;
    if (y == (T)-1)
        return (T)(0 - (uint64_t)x); /* the one quotient that may not fit */
    return (T)(x / y - (x % y != 0 && (x % y < 0) != (y < 0)));
}""",
    "remainder_int": """\
static inline T P_remainder_S(T x, T y)
{
    if (y == 0 || y == (T)-1)
        return 0;
    return (T)(x % y != 0 && (x % y < 0) != (y < 0) ? x % y + y : x % y);
}""",
    "floor_divide_uint": "static inline T P_floor_divide_S(T x, T y) { return (T)(y ? x / y : 0); }",
    "remainder_uint": "static inline T P_remainder_S(T x, T y) { return (T)(y ? x % y : 0); }",
    "power_int": """\
static inline T P_power_S(T x, T y)
{
    uint64_t result = 1, factor = (uint64_t)x;
    for (uint64_t left = (uint64_t)y; left; left >>= 1, factor *= factor)
        if (left & 1)
            result *= factor;
    return (T)result;
}""",
    "bits": """\
static inline R P_bits_S(T x)
{
    R result;
    const unsigned char *from = (const unsigned char *)&x;
    unsigned char *to = (unsigned char *)&result;
    for (size_t i = 0; i < sizeof x; i++)
        to[i] = from[i];
    return result;
}""",
    "erf_inverse": """\
static inline T P_erf_inverse_S(T x)
{
    /* An estimate by Winitzki (2008), and three steps of Halley's method. */
    const double t = fabs((double)x), pi = 3.14159265358979323846;
    if (!(t < 1.0))
        return t == 1.0 ? x * (T)INFINITY : (T)NAN;
    const double logarithm = log((1.0 - t) * (1.0 + t)), half = 2.0 / (pi * 0.147) + logarithm / 2.0;
    double y = sqrt(sqrt(half * half - logarithm / 0.147) - half);
    for (int i = 0; i < 3; i++) {
        const double missed = y < 1.0 ? erf(y) - t : (1.0 - t) - erfc(y);
        const double step = missed * exp(y * y) * sqrt(pi) / 2.0;
        y -= step / (1.0 + y * step);
    }
    return (T)copysign(y, (double)x);
}""",
}


def short(dtype: str) -> str:
    """``f32``, ``i8``, ``u16``, ``b``."""
    digits = "".join(letter for letter in dtype if letter.isdigit())
    return f"{dtype[0]}{digits}"


def every_helper() -> list[str]:
    """What all helpers could be called, behind the prefix."""
    kinds = [short(dtype) for dtype in TYPES]
    stems = {name.removesuffix("_float").removesuffix("_uint").removesuffix("_int") for name in TEMPLATES}
    pairs = [f"bits_{before}_{after}" for before in kinds for after in kinds]
    return [*pairs, *(f"{stem}_{kind}" for stem in sorted(stems) for kind in kinds)]


class Helpers:
    """The helpers that one header needs, each written once."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.texts: dict[str, str] = {}

    def use(self, template: str, dtype: str, result: str = "") -> str:
        """The name of the function that a template becomes for this dtype."""
        name = template.rpartition("_")[0] if template.endswith(("_float", "_int", "_uint")) else template
        marked = f"{short(dtype)}_{short(result)}" if result else short(dtype)
        word = f"{self.prefix}_{name}_{marked}"
        suffix = "f" if dtype == "float32" else ""
        text = TEMPLATES[template].replace(f"P_{name}_S", word)
        for function in ("FMOD", "COPYSIGN", "FLOOR"):
            text = text.replace(f"{function}(", f"{function.lower()}{suffix}(")
        text = _with_types(text, c_type(dtype), c_type(result) if result else "")
        self.texts[word] = text
        return word


def _with_types(text: str, of_numbers: str, of_result: str) -> str:
    """The types in the place of the letters T and R where these stand alone."""
    words = []
    word = ""
    for letter in f"{text}\n":
        if letter.isalnum() or letter == "_":
            word += letter
        else:
            words.append({"T": of_numbers, "R": of_result or "R"}.get(word, word) + letter)
            word = ""
    return "".join(words).rstrip("\n")
