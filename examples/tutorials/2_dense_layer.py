"""A Dense layer, number by number: a tutorial in cells, from which write.py makes a notebook and a page."""

# %% [markdown]
# # A Dense layer, number by number
#
# What does a dense layer compute, and with which numbers? This re-tells "understanding Dense layer in Keras", and gets the
# figures that it prints, to the last digit, without TensorFlow: the random numbers of `tf.random.set_seed` are the same,
# and products are summed in the same order with fused multiply-add.

# %%
import flintglass

flintglass.compat.install()

import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import Dense, Input
from tensorflow.keras.models import Model


def reset_seed(seed=313):
    tf.keras.backend.clear_session()
    tf.random.set_seed(seed)
    np.random.seed(seed)


np.set_printoptions(linewidth=100, suppress=True)
in_np = np.array([[73, 84], [34, 76], [83, 33], [95, 2], [15, 20], [6, 87], [25, 10], [54, 65], [3, 26], [27, 38]])

# %% [markdown]
# **A layer without a bias** is one product: the input, a row of two numbers, times the kernel, two rows of five.

# %%
reset_seed()
ins = Input(2, name="my_input")
out = Dense(5, use_bias=False, name="my_output")(ins)
model = Model(inputs=ins, outputs=out)
print(model.predict(in_np))

# %%
dense_layer = model.get_layer("my_output")
print(dense_layer.input_shape, "->", dense_layer.output_shape)
print(dense_layer.weights[0].numpy())

# %% [markdown]
# `explain` writes the product out for one row. Each printed number is the engine's own.

# %%
print(model.explain(in_np[:1]))

# %% [markdown]
# By hand, NumPy gives the same up to the last digits: it computes in float64 here, the layer in float32.

# %%
print(np.matmul(in_np, dense_layer.weights[0].numpy())[:2])

# %% [markdown]
# **A bias** is added to every row. It begins with zeros, so that nothing changes; `bias_initializer="ones"` shows it.
# **An activation** comes last, here relu.

# %%
reset_seed()
ins = Input(2, name="my_input")
out = Dense(5, use_bias=True, bias_initializer="ones", activation="relu", name="my_output")(ins)
model = Model(inputs=ins, outputs=out)
print(model.predict(in_np))
print(model.explain(in_np[:1]))

# %% [markdown]
# **Weights of one's own** go in with `set_weights`, kernel first, then bias.

# %%
layer = model.get_layer("my_output")
layer.set_weights([np.array([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]], dtype=np.float32), np.zeros(5)])
print(model.predict(in_np)[:3])

# %% [markdown]
# **Larger inputs.** A dense layer acts on the last axis, whatever stands before it; nothing is flattened, whatever the
# tutorial on a layer's parameters says.

# %%
ins = Input((20, 30))
model = Model(ins, Dense(1, use_bias=False)(ins))
print(model.predict(np.random.randint(0, 100, size=(10, 20, 30))).shape)

# %% [markdown]
# **The program.** All of it is this listing; printed, it is what runs.

# %%
print(model.program("predict"))
