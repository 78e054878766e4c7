"""Every parameter of a Dense layer: a tutorial in cells, from which write.py makes a notebook and a page."""

# %% [markdown]
# # Every parameter of a Dense layer
#
# `Dense(units, activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
# activity_regularizer, kernel_constraint, bias_constraint)`: this goes through them, as "Understanding Keras - Dense Layers"
# does in words, with the numbers beside.

# %%
import flintglass

flintglass.compat.install()

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import constraints, layers, regularizers

keras.utils.set_random_seed(1)
x = np.random.RandomState(1).normal(size=(64, 4)).astype("float32")
y = x.sum(1, keepdims=True)

# %% [markdown]
# **units** is how many numbers come out. It makes the kernel as wide, and the bias as long.

# %%
layer = layers.Dense(3)
layer(x)
print([(weight.name, weight.shape) for weight in layer.weights])

# %% [markdown]
# **activation** is applied to every number that comes out; without one the layer is linear. For one value, -2 and 0.5:

# %%
for name in ("linear", "relu", "sigmoid", "tanh", "softplus", "elu"):
    print(f"{name:9}", np.asarray(keras.activations.get(name)(np.array([-2.0, 0.5], "float32"))))

# %% [markdown]
# **Initializers** say where the weights begin. `glorot_uniform` draws between -limit and limit, where limit is
# sqrt(6 / (fan_in + fan_out)): fan_in numbers come in, fan_out go out.

# %%
for name, fans in (("glorot_uniform", 4 + 300), ("he_uniform", 4), ("lecun_uniform", 2 * 4)):
    drawn = np.asarray(keras.initializers.get(name)((4, 300)))
    print(f"{name:15} largest {np.abs(drawn).max():.4f}   limit {np.sqrt(6 / fans):.4f}")

# %% [markdown]
# **Regularizers** add a penalty to the loss: on the kernel, on the bias, or on what comes out (divided by the rows). In
# the program they are lines like all others, and so is their slope in the gradient.

# %%
model = keras.Sequential([layers.Dense(1, kernel_regularizer=regularizers.L2(0.1), use_bias=False)])
model.compile("sgd", "mse")
model.fit(x[:1], y[:1], verbose=0)
print(model.program("train"))

# %% [markdown]
# **Constraints** are put on after every step: what does not hold is made to. Here no weight may be negative, and the
# targets ask for two that are.

# %%
wanted = x @ np.array([[1.0], [-1.0], [0.5], [-0.5]], "float32")
for constraint in (None, "non_neg"):
    model = keras.Sequential([layers.Dense(1, kernel_constraint=constraint)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(x, wanted, epochs=50, verbose=0)
    print(f"{constraint!s:8}", model.get_weights()[0][:, 0].round(3))

# %% [markdown]
# **A W-GAN clips its critic's weights**, which is a constraint of one's own. The critic tells drawn numbers from real ones,
# which lie around 4; the generator learns to draw what the critic takes for real.


# %%
class Clipped(constraints.Constraint):
    def __init__(self, limit):
        self.limit = limit

    def __call__(self, weight):
        return tf.clip_by_value(weight, -self.limit, self.limit)


class WGAN(keras.Model):
    def __init__(self):
        super().__init__()
        self.generator = keras.Sequential([layers.Dense(8, activation="relu", input_shape=[2]), layers.Dense(1)])
        self.critic = keras.Sequential(
            [
                layers.Dense(16, activation="relu", kernel_constraint=Clipped(0.1), input_shape=[1]),
                layers.Dense(1, kernel_constraint=Clipped(0.1)),
            ]
        )
        self.of_critic, self.of_generator = keras.optimizers.RMSprop(0.005), keras.optimizers.RMSprop(0.005)

    def train_step(self, data):
        real, noise = data
        variables = self.critic.trainable_variables
        with tf.GradientTape() as tape:
            critical = tf.reduce_mean(self.critic(self.generator(noise))) - tf.reduce_mean(self.critic(real))
        self.of_critic.apply_gradients(zip(tape.gradient(critical, variables), variables))
        variables = self.generator.trainable_variables
        with tf.GradientTape() as tape:
            generated = -tf.reduce_mean(self.critic(self.generator(noise)))
        self.of_generator.apply_gradients(zip(tape.gradient(generated, variables), variables))
        return {"critical": critical, "generated": generated}


draw = np.random.RandomState(3)
real = draw.normal(4.0, 0.5, size=(6400, 1)).astype("float32")
noise = draw.normal(size=(6400, 2)).astype("float32")
gan = WGAN()
gan.compile()
before = gan.generator.predict(noise[:500]).mean()
gan.fit(real, noise, batch_size=64, epochs=5, verbose=0)
after = gan.generator.predict(noise[:500]).mean()
largest = max(np.abs(weight).max() for weight in gan.critic.get_weights()[::2])
print(f"the generator's mean went from {before:.1f} to {after:.1f}; the critic's largest weight is {largest:.2f}")
