"""One neuron learns that a house costs 10,000 a flat: 500 epochs of SGD on seven rows."""

from tensorflow import keras

model = keras.Sequential([keras.layers.Dense(units=1, input_shape=[1])])
model.compile(optimizer="sgd", loss="mean_squared_error")

num_of_flats = (1, 2, 3, 4, 5, 6, 7)
price_of_house = (10000, 20000, 30000, 40000, 50000, 60000, 70000)

history = model.fit(num_of_flats, price_of_house, epochs=500)
assert len(history.history["loss"]) == 500

price = model.predict([10])
assert price.shape == (1, 1)
assert abs(price[0, 0] - 99711.77) < 0.1, price

# The same by hand: the input times the kernel, plus the bias.
kernel, bias = model.layers[0].get_weights()
assert abs(10 * kernel[0, 0] + bias[0] - price[0, 0]) < 0.01

# The update rule as the tutorial prints it lacks the factor 2 / n of the gradient of a mean of squares:
# by hand it ends elsewhere.
slope, start = 0.0, 0.0
for _ in range(500):
    errors = [y - (slope * x + start) for x, y in zip(num_of_flats, price_of_house)]
    slope, start = slope + 0.01 * sum(e * x for e, x in zip(errors, num_of_flats)), start + 0.01 * sum(errors)
assert abs(10 * slope + start - 99997.7) < 0.1, (slope, start)

# An error of 2000 is a squared error of four millions.
assert float(keras.losses.MSE([[20000.0]], [[18000.0]])[0]) == 4_000_000
print(f"the price of ten flats: {price[0, 0]:.6f}")
