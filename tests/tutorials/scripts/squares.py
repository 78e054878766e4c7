"""Four relu units draw a parabola: y = x squared at 201 points, and the line that each unit contributes."""

import matplotlib
import numpy as np
import tensorflow as tf
from matplotlib import pyplot as plt
from tensorflow import keras
from tensorflow.keras import layers

assert matplotlib.__version__
tf.keras.utils.set_random_seed(2)
x = np.linspace(-10, 10, 201)
y = x**2

# Two units with the weights 1 and -1 and no bias give |x|.
model = keras.Sequential([layers.Dense(units=2, activation="relu"), layers.Dense(1, activation=None)])
model(x.reshape((-1, 1)))
model.set_weights([[[1.0, -1.0]], [0.0, 0.0], [[1.0], [1.0]], [0.0]])
np.testing.assert_array_equal(np.asarray(model(x))[:, 0], np.abs(x).astype("float32"))

m1 = keras.Sequential(
    [
        layers.Flatten(),  # [1, 2, 3] becomes [[1], [2], [3]]
        layers.Dense(units=4, activation="relu"),
        layers.Dense(1),
    ]
)
m1.compile(loss=tf.keras.losses.MSE, optimizer=tf.optimizers.Adam(learning_rate=0.01))
m1.fit(x, y, epochs=1000, batch_size=10, verbose=0)
assert m1.count_params() == 13, "not 8: four kernels and four biases, then again four kernels, and a bias"

plt.plot(x, y)
plt.plot(x, m1(x))
fit = np.asarray(m1(x))[:, 0]
assert np.abs(fit - y).mean() < 8, np.abs(fit - y).mean()

l = m1.layers[1]
x1 = x.reshape((-1, 1))
y1 = np.dot(x1, l.kernel.numpy()) + l.bias.numpy()
y1[y1 < 0] = 0
assert y1.shape == (201, 4)
plt.plot(x, y1)
plt.show()

# The second layer adds the four lines up: the fit.
last = m1.layers[2]
np.testing.assert_allclose(y1 @ last.kernel.numpy()[:, 0] + last.bias.numpy(), fit, atol=1e-3)

# Far outside of what it was trained on, a bunch of lines stays a line.
outside = np.asarray(m1(np.array([100.0])))[0, 0]
assert outside < 2000, f"x = 100 gives {outside}, not 10000"
print(f"mean error inside: {np.abs(fit - y).mean():.2f}; at x = 100: {outside:.0f}")
