"""Chapter 11: mistakes in splitting and measuring, each with its hint."""

from statistics import mean

SIZES = [
    (
        lambda count, held: (held, count - held),
        "The two are swapped: first those for training, then those for validation.",
    ),
    (
        lambda count, held: (count, held),
        "All pictures are in the training set, those held back too. Take them out.",
    ),
    (
        lambda count, held: (count - held, count),
        "All pictures are in the validation set. Only those held back belong there.",
    ),
]
CLASSES = [
    (
        lambda sizes, share: (round(share * sum(sizes)), *[0] * (len(sizes) - 1)),
        "All of them are of one class.",
    ),
]


# Each takes the sizes of the batches and how many are right in each.
ACCURACIES = [
    (
        lambda sizes, right: right[-1] / sizes[-1],
        "That is the accuracy of the last batch alone. Add up over all of them.",
    ),
    (
        lambda sizes, right: right[0] / sizes[0],
        "That is the accuracy of the first batch alone.",
    ),
    (
        lambda sizes, right: mean(r / s for r, s in zip(right, sizes, strict=True)),
        "That is the mean of the batches: a picture in the small last batch counts "
        "more than the others. Add up pictures, and divide once.",
    ),
    (
        lambda sizes, right: sum(right) / (len(sizes) * sizes[0]),
        "The last batch is smaller. Count the pictures that were really seen.",
    ),
    (
        lambda sizes, right: sum(right) / (len(sizes) * sizes[-1]),
        "The batches differ in size. Count the pictures of each.",
    ),
    (
        lambda sizes, right: sum(right) / len(sizes),
        "You divided by the number of batches, not of pictures.",
    ),
    (
        lambda sizes, right: float(sum(right)),
        "That is how many are right. Divide by how many there are.",
    ),
    (
        lambda sizes, right: 100 * sum(right) / sum(sizes),
        "That is in percent. A number from 0 to 1 is asked for.",
    ),
    (
        lambda sizes, right: 0.0,
        "Nothing is left of the share. Does `//` cut the fraction off? Or are scores "
        "compared with labels? `argmax(1)` gives classes.",
    ),
    (
        lambda sizes, right: 1 - sum(right) / sum(sizes),
        "That is the error: the share that is wrong.",
    ),
    (
        lambda sizes, right: sum(r / s for r, s in zip(right, sizes, strict=True)),
        "You added up the accuracies of the batches. Add up pictures.",
    ),
]
