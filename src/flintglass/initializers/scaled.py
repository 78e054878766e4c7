"""The named cases of VarianceScaling: Glorot's, He's and Lecun's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from flintglass.initializers.base import RandomInitializer
from flintglass.initializers.variance_scaling import VarianceScaling


class Named(VarianceScaling):
    """A VarianceScaling of which only the seed, and rarely the axes, are left to choose."""

    rule: ClassVar[tuple[float, str, str]]  # scale, mode, distribution

    def __init__(
        self, seed: Any = None, input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
    ) -> None:
        super().__init__(*self.rule, seed=seed, input_axes=input_axes, output_axes=output_axes)

    def get_config(self) -> dict[str, Any]:
        seed = RandomInitializer.get_config(self)
        return {**seed, "input_axes": self.input_axes, "output_axes": self.output_axes}


class GlorotUniform(Named):
    """Uniform up to sqrt(6 / (inputs + outputs)) (Glorot and Bengio, 2010)."""

    rule = (1.0, "fan_avg", "uniform")


class GlorotNormal(Named):
    """Truncated normal of the variance 2 / (inputs + outputs) (Glorot and Bengio, 2010)."""

    rule = (1.0, "fan_avg", "truncated_normal")


class HeUniform(Named):
    """Uniform up to sqrt(6 / inputs), for rectifiers (He and others, 2015)."""

    rule = (2.0, "fan_in", "uniform")


class HeNormal(Named):
    """Truncated normal of the variance 2 / inputs, for rectifiers (He and others, 2015)."""

    rule = (2.0, "fan_in", "truncated_normal")


class LecunUniform(Named):
    """Uniform up to sqrt(3 / inputs) (LeCun and others, 1998; for selu, Klambauer and others, 2017)."""

    rule = (1.0, "fan_in", "uniform")


class LecunNormal(Named):
    """Truncated normal of the variance 1 / inputs (LeCun and others, 1998)."""

    rule = (1.0, "fan_in", "truncated_normal")
