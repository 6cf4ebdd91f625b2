"""Chapter 14: what each defect looks like from outside; no hint says how to mend it."""

HINTS = {
    # 14.1
    "grid": "x keeps its grid, so F must. At some sizes the sum fails, at the smallest "
    "it does not: print the shape behind each convolution.",
    "kernel": "Something that was written for 3×3 is used for every kernel.",
    "sum": "F should be able to make a value smaller, and what the block returns "
    "should have been activated.",
    # 14.2
    "zero": "F is zero here. What else happens to x between input and output?",
    "reuse": "F has two convolutions, each with a mean and variance of its own, and a "
    "layer that is used twice remembers a mixture of both. The shortcut of this block "
    "is x itself, without a layer.",
    "company": "In eval mode a BatchNorm should use what it learned in training. What "
    "has it kept?",
    "widen": "The shapes of x and F(x) differ in more than one way. Is x adapted in "
    "each of them?",
    # 14.4
    "head": "What arrives at the linear layer, and what does it expect?",
    "two": "The skip of a ResBlock jumps over two convolutions. With one, F is linear.",
    "channels": "A ResBlock gets what the layer before puts out. Does it read that "
    "many channels?",
    "silent": "The last γ of F is zero at the start, so F(x) is zero. What should be "
    "left of a picture, and where is it added?",
    "classes": "`num_classes` says how many numbers come out for each picture.",
    "fits": "Here a block changes the channels. What does the paper's shortcut do with "
    "x then?",
    "gamma": "γ of the last BatchNorm of each F starts at zero; that was no defect.",
    # 14.5
    "folders": "A picture of the folder val was trained on, or the other way round.",
    "scale": "The pixels should have mean 0 and deviation 1 over the training "
    "pictures.",
    "one scale": "A grey value must mean the same in training and in validation: one "
    "mean and one deviation for both, measured on the training pictures.",
    "labels": "Each label must stay with its picture.",
    "pixels": "Mean and deviation are two numbers, the same for every pixel and every "
    "picture.",
    "lighter": "Light and dark have changed places. What is subtracted from what?",
    # after all defects
    "layers": "Repair what is there. Its layers are those of the prompt, in number and "
    "in kind.",
    "output": "All defects are gone, and something else changed. Compare with the "
    "prompt.",
    "gradient": "The values are right, and the way back is cut: `.detach()`, `.data` "
    "or `no_grad` in `forward`.",
}
