"""The tutorial of a dense layer's parameters: initializers, regularizers and constraints, each trained."""

import keras
import numpy as np

x = np.random.RandomState(1).normal(size=(64, 12)).astype("float32")
y = np.random.RandomState(2).normal(size=(64, 3)).astype("float32")
for settings in (
    {"kernel_initializer": "he_normal"},
    {"kernel_regularizer": "l2", "bias_regularizer": "l1", "activity_regularizer": "l2"},
    {"kernel_constraint": "non_neg"},
    {"kernel_constraint": keras.constraints.MaxNorm(0.5), "bias_constraint": "non_neg"},
):
    model = keras.Sequential([keras.Input((12,)), keras.layers.Dense(3, **settings)])
    model.compile("sgd", "mse")
    print(model.fit(x, y, batch_size=16, epochs=20, verbose=0).history["loss"][-1])
