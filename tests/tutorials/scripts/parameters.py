"""Every parameter of a Dense layer, each checked by hand; then a small W-GAN, whose critic is clipped."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import constraints, initializers, layers, regularizers

keras.utils.set_random_seed(5)
x = np.random.RandomState(1).normal(size=(64, 12)).astype("float32")
y = np.random.RandomState(2).normal(size=(64, 3)).astype("float32")


def dense(units=3, **arguments):
    """A layer with these arguments, built for x, and its kernel and bias as arrays."""
    layer = layers.Dense(units, **arguments)
    layer(x)
    return layer, *(weight.numpy() for weight in layer.weights)


# units, use_bias, and what they make: (12, units) and (units,)
layer, kernel, bias = dense(7)
assert (kernel.shape, bias.shape, layer(x).shape) == ((12, 7), (7,), (64, 7))
assert [weight.name for weight in layer.weights] == ["kernel", "bias"]
assert len(dense(7, use_bias=False)[0].weights) == 1
np.testing.assert_allclose(layer(x), x @ kernel + bias, rtol=1e-5, atol=1e-5)

# activation: none is linear; each works on every element
for name, formula in {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "softplus": lambda z: np.log1p(np.exp(z)),
    "softsign": lambda z: z / (1 + np.abs(z)),
    "elu": lambda z: np.where(z > 0, z, np.expm1(z)),
    "exponential": np.exp,
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(-1, keepdims=True),
}.items():
    layer, kernel, bias = dense(activation=name)
    np.testing.assert_allclose(layer(x), formula(x @ kernel + bias), rtol=1e-4, atol=1e-5)
layer, kernel, bias = dense(activation=lambda z: z * z)
np.testing.assert_allclose(layer(x), (x @ kernel + bias) ** 2, rtol=1e-4, atol=1e-5)

# initializers, with the limits of their ranges for fan_in 12 and fan_out 3
for name, limit in {
    "glorot_uniform": np.sqrt(6 / (12 + 3)),
    "he_uniform": np.sqrt(6 / 12),
    "lecun_uniform": np.sqrt(3 / 12),
    "random_uniform": 0.05,
}.items():
    _, kernel, _ = dense(kernel_initializer=name)
    assert 0.6 * limit < np.abs(kernel).max() <= limit, name
for name, deviation in {
    "glorot_normal": np.sqrt(2 / (200 + 300)),
    "he_normal": np.sqrt(2 / 200),
    "lecun_normal": np.sqrt(1 / 200),
    "random_normal": 0.05,
    "truncated_normal": 0.05 * 0.87962566,
}.items():
    drawn = np.asarray(initializers.get(name)((200, 300)))
    assert abs(drawn.std() / deviation - 1) < 0.02, (name, drawn.std(), deviation)
assert (dense(kernel_initializer="zeros")[1] == 0).all()
assert (dense(bias_initializer="ones")[2] == 1).all()
assert (dense(bias_initializer=initializers.Constant(0.5))[2] == 0.5).all()
np.testing.assert_array_equal(dense(12, kernel_initializer="identity")[1], np.eye(12))
_, kernel, _ = dense(kernel_initializer="orthogonal")
np.testing.assert_allclose(kernel.T @ kernel, np.eye(3), atol=1e-5)
assert (dense()[2] == 0).all(), "without a word, a bias is zero, and a kernel glorot_uniform"

# regularizers: on the kernel, on the bias, on the output (a mean over the rows)
weights = np.arange(-18, 18, dtype="float32").reshape(12, 3) / 10


class Tenth(regularizers.Regularizer):
    """One's own: a tenth of the sum of the fourth powers."""

    def __call__(self, weight):
        return 0.1 * tf.reduce_sum(weight**4)


def penalty(**arguments):
    layer = layers.Dense(3, **arguments)
    layer(x)
    layer.set_weights([weights, [1.0, -2.0, 3.0]])
    outputs = layer(x)
    return float(sum(layer.losses)), np.asarray(outputs)


for regularizer, formula in (
    (regularizers.L1(0.01), lambda w: 0.01 * np.abs(w).sum()),
    (regularizers.L2(0.02), lambda w: 0.02 * (w**2).sum()),
    (regularizers.L1L2(0.01, 0.02), lambda w: 0.01 * np.abs(w).sum() + 0.02 * (w**2).sum()),
    (regularizers.l1(0.5), lambda w: 0.5 * np.abs(w).sum()),
    (Tenth(), lambda w: 0.1 * (w**4).sum()),
    (lambda weight: 2.0 * tf.reduce_sum(weight), lambda w: 2.0 * w.sum()),
):
    np.testing.assert_allclose(penalty(kernel_regularizer=regularizer)[0], formula(weights), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(penalty(bias_regularizer=regularizer)[0], formula(np.array([1.0, -2.0, 3.0])), rtol=1e-5)
found, outputs = penalty(activity_regularizer=regularizers.L2(0.01))
np.testing.assert_allclose(found, 0.01 * (outputs**2).sum() / len(x), rtol=1e-4)

model = keras.Sequential([layers.Dense(3, kernel_regularizer="l2", activity_regularizer=regularizers.L1(0.1))])
model.compile("sgd", "mse")
model.fit(x, y, verbose=0)
kernel, bias = model.get_weights()
predicted = x @ kernel + bias
expected = ((predicted - y) ** 2).mean() + 0.01 * (kernel**2).sum() + 0.1 * np.abs(predicted).sum() / len(x)
np.testing.assert_allclose(model.evaluate(x, y, batch_size=64, verbose=0), expected, rtol=1e-4)


# constraints hold after every step
class Clipped(constraints.Constraint):
    """One's own: every weight between -limit and limit, as the critic of a W-GAN needs it."""

    def __init__(self, limit):
        self.limit = limit

    def __call__(self, weight):
        return tf.clip_by_value(weight, -self.limit, self.limit)


def norms(weight):
    return np.sqrt((weight**2).sum(0))


class AfterEveryStep(keras.callbacks.Callback):
    def __init__(self, holds):
        super().__init__()
        self.holds, self.steps = holds, 0

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        assert self.holds(self.model.layers[0].kernel.numpy()), self.steps


for constraint, holds in (
    (constraints.NonNeg(), lambda w: (w >= 0).all()),
    (constraints.MaxNorm(0.5), lambda w: (norms(w) <= 0.5 + 1e-5).all()),
    (constraints.UnitNorm(), lambda w: np.allclose(norms(w), 1, atol=1e-5)),
    (constraints.MinMaxNorm(0.4, 0.6, rate=1.0), lambda w: ((norms(w) > 0.4 - 1e-5) & (norms(w) < 0.6 + 1e-5)).all()),
    (Clipped(0.05), lambda w: (np.abs(w) <= 0.05).all()),
    ("non_neg", lambda w: (w >= 0).all()),
):
    model = keras.Sequential([layers.Dense(3, kernel_constraint=constraint, bias_constraint="non_neg")])
    model.compile(keras.optimizers.SGD(0.5), "mse")
    watching = AfterEveryStep(holds)
    model.fit(x, y, batch_size=16, epochs=5, verbose=0, callbacks=[watching])
    assert watching.steps == 20
    assert (model.layers[0].bias.numpy() >= 0).all()

# A W-GAN learns to draw numbers around 4: its critic's weights are clipped after every step
generator = keras.Sequential([layers.Dense(8, activation="relu", input_shape=[2]), layers.Dense(1)])
critic = keras.Sequential(
    [
        layers.Dense(16, activation="relu", kernel_constraint=Clipped(0.1), input_shape=[1]),
        layers.Dense(1, kernel_constraint=Clipped(0.1)),
    ]
)
of_critic, of_generator = keras.optimizers.RMSprop(0.005), keras.optimizers.RMSprop(0.005)
draw = np.random.RandomState(3)


def noise():
    return draw.normal(size=(64, 2)).astype("float32")


before = float(np.asarray(generator(noise())).mean())
for _ in range(150):
    for _ in range(3):
        real = draw.normal(4.0, 0.5, size=(64, 1)).astype("float32")
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(critic(generator(noise()))) - tf.reduce_mean(critic(real))
        variables = critic.trainable_variables
        of_critic.apply_gradients(zip(tape.gradient(loss, variables), variables))
        assert all(np.abs(layer.kernel.numpy()).max() <= 0.1 for layer in critic.layers)
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(critic(generator(noise())))
    variables = generator.trainable_variables
    of_generator.apply_gradients(zip(tape.gradient(loss, variables), variables))
after = float(np.asarray(generator(noise())).mean())
assert abs(after - 4) < 1.5 < abs(before - 4), (before, after)
print(f"the generator's mean went from {before:.2f} to {after:.2f}")
