"""The tutorial of the dense layer: six models, each predicting once."""

import keras
import numpy as np

rows = np.random.randint(0, 100, size=(10, 2))
for settings in (
    {"use_bias": False},
    {"use_bias": True},
    {"bias_initializer": "ones"},
    {"bias_initializer": "ones", "activation": "relu"},
):
    ins = keras.Input((2,), name="my_input")
    model = keras.Model(ins, keras.layers.Dense(5, name="my_output", **settings)(ins))
    print(model.predict(rows, verbose=0)[0])
layer = model.get_layer("my_output")
layer.set_weights([np.arange(10.0).reshape(2, 5), np.zeros(5)])
print(model.predict(rows, verbose=0)[0])
ins = keras.Input((20, 30))
model = keras.Model(ins, keras.layers.Dense(1, use_bias=False)(ins))
print(model.predict(np.random.randint(0, 100, size=(10, 20, 30)), verbose=0).shape)
