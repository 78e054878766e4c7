"""How four straight lines learn a parabola: a tutorial in cells, from which write.py makes a notebook and a page."""

# %% [markdown]
# # How four straight lines learn a parabola
#
# A dense layer multiplies, adds and bends: each of its units computes `activation(w*x + b)`. With the activation
# `relu`, which is 0 for what is negative, a unit draws a line that is flat on one side of a point and slanted on the
# other. Here a handful of such lines learns y = x squared from 201 points between -10 and 10. The tutorial that this
# re-tells is "Opening the black box of Machine learning - TensorFlow Dense layers".
#
# `install()` makes flintglass answer for TensorFlow; a script needs no such line under `flintglass run script.py`.

# %%
import flintglass

flintglass.compat.install()

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(2)
x = np.linspace(-10, 10, 201)
y = x**2

# %% [markdown]
# **Two units by hand.** With the weights 1 and -1 and no bias, two units give relu(x) and relu(-x), and their sum is |x|:
# a first, crude parabola. `explain` fills the layers' formulas with the numbers of one input.

# %%
model = keras.Sequential([layers.Dense(units=2, activation="relu"), layers.Dense(1, activation=None)])
model(x.reshape((-1, 1)))
model.set_weights([[[1.0, -1.0]], [0.0, 0.0], [[1.0], [1.0]], [0.0]])
print(model.explain(np.array([-3.0])))

# %% [markdown]
# **Four units, and learning.** Now the weights are found: a thousand times through the data, ten rows at a time.

# %%
m1 = keras.Sequential(
    [
        layers.Flatten(),  # [1, 2, 3] becomes [[1], [2], [3]]
        layers.Dense(units=4, activation="relu"),
        layers.Dense(1),
    ]
)
m1.compile(loss=tf.keras.losses.MSE, optimizer=tf.optimizers.Adam(learning_rate=0.01))
first_step = m1.explain_step(x[100:103], y[100:103])
m1.fit(x, y, epochs=1000, batch_size=10, verbose=0)
error = np.abs(np.asarray(m1(x))[:, 0] - y).mean()
print(f"{m1.count_params()} numbers were learned; the fit is off by {error:.1f} on average, of values up to 100")

# %% [markdown]
# The tutorial counts the weights and biases to 8. There are 13: four kernels and four biases in the first layer, four
# kernels and one bias in the second.
#
# **Under the hood.** What each unit makes of x = 6, and how the second layer weighs these numbers and adds them up:

# %%
print(m1.explain(np.array([6.0])))

# %% [markdown]
# And the picture: the data, the fit, and the line of each unit, as it is before the second layer weighs it.

# %%
from matplotlib import pyplot as plt

axes = flintglass.glass.plot_units(m1, x, y)
axes.set_ylim(-5, 110)
plt.show()

# %% [markdown]
# **How the lines are found.** One step on three rows, before training began: the loss, its slope along every weight by
# the chain rule, and what the optimizer made of it. Nothing more happens a thousand times over.

# %%
print(first_step)

# %% [markdown]
# **The catch.** Beyond its data a network of lines goes on in a straight line. At x = 100 it is far off; no bend can come
# there, since no unit has learned one. The tutorial's advice is to normalize the data; that makes learning easier, but
# it does not help outside the data either.

# %%
print(f"at x = 100 it says {np.asarray(m1(np.array([100.0])))[0, 0]:.0f}, not 10000")
