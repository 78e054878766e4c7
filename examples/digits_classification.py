"""Classification of scikit-learn's 1,797 scanned digits: 8 by 8 points, ten classes.

Prints the held-out accuracy beside two baselines (the most frequent digit, and the nearest neighbour),
shows where a misread digit got its score from, and writes a learning-curve picture.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

import flintglass as fg

fg.utils.set_random_seed(1)
data = load_digits()
order = np.random.permutation(len(data.target))
images, labels = data.images[order] / 16.0, data.target[order]
held_out = len(images) // 4

model = fg.Sequential(
    [
        fg.Input((8, 8)),
        fg.layers.Flatten(),
        fg.layers.Dense(64, activation="relu", name="hidden"),
        fg.layers.Dense(10, activation="softmax", name="digit"),
    ],
    name="digits",
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    images[held_out:],
    labels[held_out:],
    validation_data=(images[:held_out], labels[:held_out]),
    epochs=40,
    batch_size=32,
    verbose=0,
)
model.summary()

loss, accuracy = model.evaluate(images[:held_out], labels[:held_out], verbose=0)
flat = images.reshape(len(images), -1)
neighbour = KNeighborsClassifier(1).fit(flat[held_out:], labels[held_out:]).score(flat[:held_out], labels[:held_out])
frequent = np.mean(labels[:held_out] == np.bincount(labels[held_out:]).argmax())
print(f"accuracy on {held_out} held-out images")
print(f"  this network          {accuracy:.3f}")
print(f"  nearest neighbour     {neighbour:.3f}")
print(f"  most frequent digit   {frequent:.3f}")

read = model.predict(images[:held_out], verbose=0).argmax(1)
wrong = np.flatnonzero(read != labels[:held_out])
if len(wrong):
    first = wrong[0]
    print(f"\nimage {first} shows a {labels[first]} and is read as a {read[first]}; the last layer's sums,")
    print("one a digit, with their four largest terms (weight * hidden unit [which]):")
    explained = model.explain(images[first : first + 1], terms=4, digits=3)
    # Of this layer the ten sums come first; the softmax, which makes quotients of them, comes after.
    for entry in [entry for entry in explained if entry.part == "digit"][:10]:
        print(" ", entry.text(explained.style))

fg.glass.plot_history(history).savefig("digits-learning-curve.png", dpi=110)
print("the learning curve: digits-learning-curve.png")
