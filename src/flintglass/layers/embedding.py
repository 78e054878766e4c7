"""Embedding: a row of a table for each whole number."""

from __future__ import annotations

from typing import Any

from flintglass import constraints, initializers, ops, regularizers
from flintglass.layers.arguments import positive_whole
from flintglass.layers.base import Layer
from flintglass.tracing.tensor import apply


class Embedding(Layer):
    """Looks up rows of a table with ``input_dim`` rows of ``output_dim`` numbers: whole numbers of shape (n, k)
    become (n, k, output_dim).

    mask_zero: the number 0 stands for nothing, and is masked. weights: the table to start with. A number below 0, or
    from ``input_dim`` up, raises IndexOutOfRange.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: int | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("input_length", None)  # of Keras 2; the input's shape says it
        super().__init__(**kwargs)
        self._refuse(lora_rank, lora_alpha, quantization_config)
        self.input_dim = positive_whole(self._place, "input_dim, the number of rows of the table,", input_dim)
        self.output_dim = positive_whole(self._place, "output_dim, the length of a row,", output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = bool(mask_zero)
        self.supports_masking = self.mask_zero
        self.embeddings: Any = None
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    def _refuse(self, lora_rank: Any, lora_alpha: Any, quantization_config: Any) -> None:
        for name, value in (("lora_rank", lora_rank), ("lora_alpha", lora_alpha)):
            if value is not None:
                raise ValueError(f"{self._place}: {name} is not supported; leave it out")
        if quantization_config is not None:
            raise ValueError(f"{self._place}: quantization_config is not supported; leave it out")

    def build(self, input_shape: Any = None) -> None:
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )
        self.built = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def call(self, inputs: Any) -> Any:
        if inputs.spec.is_float or inputs.dtype == "bool":
            inputs = ops.cast(inputs, "int32")
        # Not ops.take, in which -1 is the last row of the table.
        return apply("gather", self.embeddings, inputs, axis=0, batch=0)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "mask_zero": self.mask_zero,
            "quantization_config": None,
        }
