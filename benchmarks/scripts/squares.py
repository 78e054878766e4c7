"""The tutorial of y = x squared: four relu units, 201 points, 1,000 epochs."""

import keras
import numpy as np

x = np.linspace(-10, 10, 201).reshape(-1, 1)
y = x**2
model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)])
model.compile(loss="mse", optimizer=keras.optimizers.Adam(learning_rate=0.01))
model.fit(x, y, epochs=1000, batch_size=10, verbose=0)
print(float(np.abs(np.asarray(model(x)) - y).mean()))
