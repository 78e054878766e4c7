"""One neuron prices houses: a tutorial in cells, from which write.py makes a notebook and a page."""

# %% [markdown]
# # One neuron prices houses
#
# A neuron with one weight and one bias learns that a house costs 10,000 a flat. "The math behind simplified Keras neural
# networks" explains it with formulas; here they have numbers. Its script runs as it stands:

# %%
import flintglass

flintglass.compat.install()

from tensorflow import keras

keras.utils.set_random_seed(1)
model = keras.Sequential([keras.layers.Dense(units=1, input_shape=[1])])
model.compile(optimizer="sgd", loss="mean_squared_error")
num_of_flats = (1, 2, 3, 4, 5, 6, 7)
price_of_house = (10000, 20000, 30000, 40000, 50000, 60000, 70000)

# %% [markdown]
# **The first step**, before any training. The loss is the mean of the squared errors; its slope along a weight is the
# mean of 2 * error * input; plain gradient descent (SGD) takes a hundredth of it away. The tutorial prints the rule
# without the factor 2 / n. It matters: by that rule 500 steps would end at 99,997.7.

# %%
print(model.explain_step(num_of_flats, price_of_house))

# %% [markdown]
# **500 steps later.** All seven rows make one batch, so an epoch is a step, and 500 epochs are 500 steps.

# %%
history = model.fit(num_of_flats, price_of_house, epochs=500, verbose=0)
print(f"the loss went from {history.history['loss'][0]:.0f} to {history.history['loss'][-1]:.0f}")
print(model.predict([10]))

# %% [markdown]
# 99,711.77 it is in the tutorial; the last digits depend on the random start. Why not 100,000? The bias has not yet come
# back to 0, and the weight is not yet 10,000: more epochs would bring both there.

# %%
print(model.explain([[10.0]]))

# %% [markdown]
# One more slip, kindly: a prediction of 18,000 where 20,000 was right has a squared error not of 2,000 but of four
# millions.

# %%
print(float(keras.losses.MSE([[20000.0]], [[18000.0]])[0]))
