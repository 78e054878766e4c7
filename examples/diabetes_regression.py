"""Regression on scikit-learn's diabetes table: 442 patients, 10 measurements, progression after a year.

Prints the held-out error beside two baselines (the mean, and a linear regression) and writes a
learning-curve picture.
"""

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

import flintglass as fg

fg.utils.set_random_seed(1)
data = load_diabetes()
order = np.random.permutation(len(data.target))
x, y = data.data[order], data.target[order]
held_out = len(x) // 4
x_train, y_train, x_test, y_test = x[held_out:], y[held_out:], x[:held_out], y[:held_out]

# Scale by what the training rows say; the network then works with numbers around 1.
center, spread = x_train.mean(0), x_train.std(0)
target_center, target_spread = y_train.mean(), y_train.std()
x_train, x_test = (x_train - center) / spread, (x_test - center) / spread

model = fg.Sequential(
    [
        fg.Input((10,)),
        fg.layers.Dense(16, activation="relu", kernel_regularizer="l2"),
        fg.layers.Dense(1),
    ],
    name="diabetes",
)
model.compile(optimizer="adam", loss="mse", metrics=["mae"])
history = model.fit(
    x_train,
    (y_train - target_center) / target_spread,
    validation_data=(x_test, (y_test - target_center) / target_spread),
    epochs=150,
    batch_size=32,
    verbose=0,
)

predicted = model.predict(x_test, verbose=0)[:, 0] * target_spread + target_center
linear = LinearRegression().fit(x_train, y_train).predict(x_test)


def error(values):
    """The mean absolute error on the held-out patients."""
    return float(np.mean(np.abs(values - y_test)))


print(model.explain(x_test[:1], units=3))
print()
print(f"mean absolute error on {held_out} held-out patients")
print(f"  this network        {error(predicted):6.1f}")
print(f"  linear regression   {error(linear):6.1f}")
print(f"  always the mean     {error(np.full(held_out, target_center)):6.1f}")

figure = fg.glass.plot_history(history)
figure.savefig("diabetes-learning-curve.png", dpi=110)
print("the learning curve: diabetes-learning-curve.png")
