"""A Dense layer, opened: kernel, bias, activation, weights of one's own, and the last axis of a larger input.

The figures are those that the tutorial prints, to their last digit, on a processor with fused multiply-add.
"""

import re

import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import Dense, Input
from tensorflow.keras.models import Model

# The input was drawn before any seed was set: this is the matrix that was printed.
in_np = np.array([[73, 84], [34, 76], [83, 33], [95, 2], [15, 20], [6, 87], [25, 10], [54, 65], [3, 26], [27, 38]])
KERNEL = "0.0517453 0.77041924 -0.0192523 -0.7022766 0.37126076 -0.3371734 0.04741824 -0.252154 0.7318406 -0.25318795"
PREDICTED = """
    -24.545158 60.223736 -22.586353 10.208422 5.8342476
    -23.865839 29.79804 -19.818281 31.742483 -6.619419
    -6.831863 65.5096 -9.919023 -34.138214 22.459442
    4.241456 73.28466 -2.3332765 -65.252594 34.763397
    -5.9672885 12.504654 -5.3318644 4.102663 0.50515246
    -29.023615 8.747902 -22.052912 59.456474 -19.799788
    -2.0781016 19.734663 -3.0028474 -10.238509 6.7496395
    -19.122025 44.684822 -17.429634 9.646704 3.5908635
    -8.611273 3.544132 -6.613761 16.921026 -5.469105
    -11.415466 22.603212 -10.101664 8.848475 0.40289795
"""
BY_HAND = """
    -24.54515922 60.22373641 -22.5863533 10.2084204 5.83424747
    -23.86583853 29.79804015 -19.81828165 31.74248242 -6.61941862
    -6.83186275 65.50959873 -9.91902268 -34.13821661 22.45944077
    4.24145627 73.28466427 -2.33327651 -65.25259459 34.7633965
    -5.96728861 12.50465333 -5.33186436 4.1026634 0.50515234
    -29.02361423 8.74790204 -22.05291116 59.45647359 -19.79978746
    -2.07810163 19.73466337 -3.00284743 -10.23850858 6.74963951
    -19.12202519 44.68482435 -17.42963374 9.64670396 3.59086412
    -8.61127257 3.54413188 -6.61376071 16.92102611 -5.46910453
    -11.41546631 22.60321248 -10.10166383 8.84847534 0.40289831
"""
WITH_ONES = """
    -23.545158 61.223736 -21.586353 11.208422 6.8342476
    -22.865839 30.79804 -18.818281 32.742485 -5.619419
    -5.831863 66.5096 -8.919023 -33.138214 23.459442
    5.241456 74.28466 -1.3332765 -64.252594 35.763397
    -4.9672885 13.504654 -4.3318644 5.102663 1.5051525
    -28.023615 9.747902 -21.052912 60.456474 -18.799788
    -1.0781016 20.734663 -2.0028474 -9.238509 7.7496395
    -18.122025 45.684822 -16.429634 10.646704 4.590863
    -7.611273 4.544132 -5.613761 17.921026 -4.469105
    -10.415466 23.603212 -9.101664 9.848475 1.402898
"""
WITH_ONES_BY_HAND = """
    -23.54515922 61.22373641 -21.5863533 11.2084204 6.83424747
    -22.86583853 30.79804015 -18.81828165 32.74248242 -5.61941862
    -5.83186275 66.50959873 -8.91902268 -33.13821661 23.45944077
    5.24145627 74.28466427 -1.33327651 -64.25259459 35.7633965
    -4.96728861 13.50465333 -4.33186436 5.1026634 1.50515234
    -28.02361423 9.74790204 -21.05291116 60.45647359 -18.79978746
    -1.07810163 20.73466337 -2.00284743 -9.23850858 7.74963951
    -18.12202519 45.68482435 -16.42963374 10.64670396 4.59086412
    -7.61127257 4.54413188 -5.61376071 17.92102611 -4.46910453
    -10.41546631 23.60321248 -9.10166383 9.84847534 1.40289831
"""


def reset_seed(seed=313):
    tf.keras.backend.clear_session()
    tf.random.set_seed(seed)
    np.random.seed(seed)


def prints(array, figures):
    """The array's printed figures are these."""
    found = re.findall(r"-?\d+\.\d*", str(array))
    assert found == figures.split(), (found, figures)


def prints_activated(array, figures):
    """The same, with 0. in place of what is negative."""
    prints(array, " ".join("0." if figure.startswith("-") else figure for figure in figures.split()))


np.set_printoptions(linewidth=100, suppress=True)
input_features, batch_size, dense_units = 2, 10, 5

# A single dense layer without a bias
reset_seed()
ins = Input(input_features, name="my_input")
out = Dense(dense_units, use_bias=False, name="my_output")(ins)
model = Model(inputs=ins, outputs=out)
out_np = model.predict(in_np)
prints(out_np, PREDICTED)
assert out_np.shape == (10, 5)

assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", "Dense"]
dense_layer = model.get_layer("my_output")
assert dense_layer.input_shape == (None, 2)
assert dense_layer.output_shape == (None, 5)
assert len(dense_layer.weights) == 1
prints(dense_layer.weights, KERNEL)
dense_w = dense_layer.weights[0].numpy()
assert dense_w.shape == (2, 5)
prints(dense_w, KERNEL)
BITS = "3d53f2e0 3f453a32 bc9db700 bf33c866 3ebe15e4 beaca1fe 3d4239a0 be811a54 3f3b59e8 be81a1da"
assert " ".join(f"{bits:08x}" for bits in dense_w.view("uint32").ravel()) == BITS
prints(np.matmul(in_np, dense_w), BY_HAND)

# With a bias of zeros, nothing changes
reset_seed()
tf.keras.backend.clear_session()
ins = Input(input_features, name="my_input")
out = Dense(5, use_bias=True, name="my_output")(ins)
model = Model(inputs=ins, outputs=out)
out_np = model.predict(in_np)
assert out_np.shape == (10, 5)
prints(out_np, PREDICTED)
dense_layer = model.get_layer("my_output")
prints(dense_layer.weights[0].numpy(), KERNEL)
prints(dense_layer.weights[1].numpy(), "0. 0. 0. 0. 0.")

# A bias of ones
reset_seed()
ins = Input(input_features, name="my_input")
out = Dense(dense_units, use_bias=True, bias_initializer="ones", name="my_output")(ins)
model = Model(inputs=ins, outputs=out)
out_np = model.predict(in_np)
assert out_np.shape == (10, 5)
prints(out_np, WITH_ONES)
dense_layer = model.get_layer("my_output")
prints(dense_layer.weights[1].numpy(), "1. 1. 1. 1. 1.")
dense_w = dense_layer.weights[0].numpy()
prints(np.matmul(in_np, dense_w) + np.ones(dense_units), WITH_ONES_BY_HAND)

# An activation
reset_seed()
ins = Input(input_features, name="my_input")
out = Dense(dense_units, use_bias=True, bias_initializer="ones", activation="relu", name="my_output")(ins)
model = Model(inputs=ins, outputs=out)
out_np = model.predict(in_np)
assert out_np.shape == (10, 5)
prints_activated(out_np, WITH_ONES)
dense_w = model.get_layer("my_output").weights[0].numpy()
prints_activated(np.maximum(0, np.matmul(in_np, dense_w) + np.ones(dense_units)), WITH_ONES_BY_HAND)

# Weights of one's own
custom_dense_weights = np.array([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]], dtype=np.float32)
custom_bias = np.array([0.0, 0.0, 0.0, 0.0, 0.0])
reset_seed()
ins = Input(input_features, name="my_input")
dense_lyr = Dense(dense_units, use_bias=True, bias_initializer="ones", name="my_output")
out = dense_lyr(ins)
model = Model(inputs=ins, outputs=out)
dense_lyr.set_weights([custom_dense_weights, custom_bias])
out_np = model.predict(in_np)
assert out_np.shape == (10, 5)
np.testing.assert_array_equal(out_np[0], [577.0, 734.0, 891.0, 1048.0, 1205.0])
np.testing.assert_array_equal(out_np, np.matmul(in_np, custom_dense_weights) + np.zeros(dense_units))
np.testing.assert_array_equal(model.get_layer("my_output").weights[0].numpy(), custom_dense_weights)

# The last axis of a larger input is what a dense layer acts on: nothing is flattened
input_shape = 20, 30
in_np = np.random.randint(0, 100, size=(batch_size, *input_shape))
reset_seed()
ins = Input(input_shape, name="my_input")
out = Dense(1, use_bias=False, name="my_output")(ins)
model = Model(inputs=ins, outputs=out)
out_np = model.predict(in_np)
assert (in_np.shape, out_np.shape) == ((10, 20, 30), (10, 20, 1))
kernel = model.get_layer("my_output").weights[0].numpy()
np.testing.assert_allclose(out_np, in_np @ kernel, rtol=1e-4, atol=1e-4)
print("every figure is the tutorial's")
