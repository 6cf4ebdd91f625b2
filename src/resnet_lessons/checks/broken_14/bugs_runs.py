"""The defects of training, evaluation and data, each a line of data."""

from . import signs_runs as signs
from .bug import Bug, Sign

SUM = """\
        correct += (predictions == wanted).sum().item()
    return correct / len(labels)
"""
LAST = """\
        share = (predictions == wanted).float().mean().item()
    return share
"""
BEST = """\
            best = value
            waited = 0
        else:
            waited += 1
"""
PREVIOUS = """\
            waited = 0
        else:
            waited += 1
        best = value
"""

RUNS = [
    Bug(
        id="softmax-axis",
        program="cifar",
        part="probabilities",
        title="Softmax without an axis",
        edits=(("nn.Softmax(dim=-1)", "nn.Softmax()"),),
        effects=(
            "A warning, and the right numbers for (pictures, classes). With three axes "
            "the wrong axis sums to 1.",
            "The probabilities of all pictures together sum to 1.",
            "An error: the axis has no default.",
        ),
        why="PyTorch guesses: the first axis if there are one or three, else the "
        "second. The note switches all warnings off in its first lines.",
        signs=(
            Sign("warnings", signs.warned),
            Sign("sums over the classes, 4 pictures", signs.sums_of(4, 10)),
            Sign("sums, 4 pictures in 5 views each", signs.sums_of(4, 5, 10)),
        ),
    ),
    Bug(
        id="last-batch",
        program="evaluation",
        part="accuracy",
        title="The accuracy of the last batch",
        edits=(("    correct = 0\n", ""), (SUM, LAST)),
        effects=(
            "Only the last batch counts: the result depends on which pictures are in "
            "it.",
            "The mean over the batches, which is a little off if the last one is "
            "small.",
            "The number is too small by a factor, the number of batches.",
        ),
        why="Each batch overwrites the one before. It goes unnoticed where one batch "
        "holds all pictures, as in the note. Pictures often come in the order of "
        "their folders; then the last batch is the last class.",
        signs=(
            Sign("accuracy that it reports", signs.reported),
            Sign("accuracy counted in another way", signs.true_accuracy),
        ),
    ),
    Bug(
        id="no-eval",
        program="evaluation",
        part="accuracy",
        title="Evaluation in training mode",
        edits=(("    net.eval()\n", ""),),
        effects=(
            "BatchNorm uses the batch, and the pictures of the test change what the "
            "net keeps.",
            "Gradients add up and are used by the next step.",
            "Nothing, as long as no optimiser runs.",
        ),
        why="In training mode the result depends on how pictures are batched, and each "
        "forward pass moves the running averages: the test leaks into the net.",
        signs=(
            Sign(
                "numbers in the net that the evaluation changed", signs.averages_moved
            ),
            Sign("accuracy of 100 pictures, one at a time", signs.one_at_a_time),
        ),
    ),
    Bug(
        id="no-grad",
        program="evaluation",
        part="accuracy",
        title="Evaluation that keeps the graph",
        edits=(("@torch.no_grad()\n", ""),),
        effects=(
            "The right number, at the price of memory: all is kept for a backward "
            "pass.",
            "The weights move a little with each evaluation.",
            "BatchNorm stays in training mode.",
        ),
        why="Autograd keeps what a backward pass would need. On 64 digits that is "
        "little; the note evaluates 5,000 pictures of 32 × 32 at once.",
        signs=(
            Sign("kept while 64 digits are evaluated", signs.kept_for_backward),
            Sign("accuracy that it reports", signs.reported),
        ),
    ),
    Bug(
        id="test-augmented",
        program="evaluation",
        part="accuracy",
        title="The test pictures are augmented",
        edits=(
            (
                "batch = pictures[start : start + batch_size]",
                "batch = shifted(pictures[start : start + batch_size])",
            ),
        ),
        effects=(
            "Another number at each call, and one of harder pictures than those of the "
            "test.",
            "A better number: more pictures are seen.",
            "Nothing: the labels do not change.",
        ),
        why="The note uses one transform for training, validation and test. Its test "
        "accuracy is one of shifted and mirrored pictures, drawn at random.",
        signs=(Sign("five evaluations of one net", signs.five_times),),
    ),
    Bug(
        id="one-too-many",
        program="evaluation",
        part="stops_after",
        title="Six instead of five",
        edits=(("waited >= patience", "waited > patience"),),
        effects=(
            "It waits for one evaluation more than was said.",
            "It stops one evaluation too early.",
            "It never stops.",
        ),
        why="`>` is true for the first time at six. It costs time and nothing else; "
        "but the text and the code describe different experiments.",
        signs=(Sign("evaluations without a new best, 5 were meant", signs.waits),),
    ),
    Bug(
        id="not-the-best",
        program="evaluation",
        part="stops_after",
        title="Compared with the last one, not with the best",
        edits=((BEST, PREVIOUS),),
        effects=(
            "A curve that goes up and down never stops, however bad it is.",
            "It stops at the first evaluation that is not the best.",
            "Nothing: the last value is the best so far.",
        ),
        why="In a zigzag every second value is better than the one before. Which of "
        "the two the note does cannot be told: our copy has lost its indentation.",
        signs=(
            Sign(
                "0.7, then 0.6, 0.65, 0.6, 0.65 …: it stops at", signs.waits_on_a_zigzag
            ),
        ),
    ),
    Bug(
        id="random-split",
        program="pictures",
        part="prepare",
        title="A random split",
        edits=(
            (
                'torch.tensor([folder == "train" for folder in folders])',
                "torch.rand(len(folders)) < 0.8",
            ),
        ),
        effects=(
            "Most of the pictures that were set aside for validation are trained on.",
            "Training and validation overlap: some pictures are in both.",
            "The classes are no longer balanced.",
        ),
        why="The folders are ignored, and fastai's default takes a random fifth of all "
        "pictures. With single pictures the result looks the same, but is not "
        "comparable with anyone's. With pictures in series it looks better than it is.",
        signs=(
            Sign("of the folder val, used for training", signs.mixed),
            Sign("nearest neighbour, single pictures", signs.single_pictures),
            Sign("nearest neighbour, three pictures of each", signs.series),
        ),
    ),
    Bug(
        id="not-normalised",
        program="pictures",
        part="prepare",
        title="Pictures that were not normalised",
        edits=(
            (
                "    mean, std = pictures[training].mean(), pictures[training].std()\n"
                "    pictures = (pictures - mean) / std\n",
                "",
            ),
        ),
        effects=(
            "Pixels from 0 to 1, all on one side of zero. A BatchNorm behind the first "
            "convolution takes most of the harm away.",
            "The net does not train at all.",
            "The labels no longer fit the pictures.",
        ),
        why="Normalising is a linear map, and the first convolution and its BatchNorm "
        "can take another one in its place. It matters where weights were trained on "
        "normalised pictures, and wherever training and test do it differently.",
        signs=(
            Sign("mean ± deviation of the pixels", signs.pixels),
            Sign("accuracy after one epoch", signs.after_an_epoch),
        ),
    ),
    Bug(
        id="old-optimizer",
        program="transfer",
        part="fine_tune",
        title="An optimiser that does not know the body",
        edits=(
            (
                "    net.requires_grad_(True)\n    optimizer = optimizer_for(net)\n",
                "    net.requires_grad_(True)\n",
            ),
        ),
        effects=(
            "The second stage trains the head once more, and the body not at all.",
            "The body is trained in both stages.",
            "The head is trained twice as fast.",
        ),
        why="The optimiser holds the parameters that it was given while the body was "
        "frozen. Unfreezing does not add any. The guide does the like in Keras: it "
        "unfreezes and does not compile again.",
        signs=(Sign("largest change of a weight in the body", signs.body_moves),),
    ),
    Bug(
        id="raw-picture",
        program="transfer",
        part="predict",
        title="The test picture is not rescaled",
        edits=((".float() / 255", ".float()"),),
        effects=(
            "The net sees pixels 255 times too bright, and guesses badly with no "
            "warning.",
            "An error: the net expects values from 0 to 1.",
            "Nothing: the largest logit stays the largest.",
        ),
        why="The training pictures were divided by 255, this one was not. In eval mode "
        "BatchNorm does not correct it: it uses the averages of training.",
        signs=(Sign("100 digits, one by one: right", signs.raw_pictures),),
    ),
]
