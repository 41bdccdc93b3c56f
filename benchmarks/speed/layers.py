"""Every layer and loss, at a size that users meet: one line each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parity.case import (
    Build,
    Call,
    Draw,
    build,
    call,
    fixed,
    integers,
    normal,
    probabilities,
    uniform,
)

#: No layer shall take longer than this many times torch's, forward and backward.
LIMIT = 3.0


@dataclass(frozen=True)
class Layer:
    """A layer or a loss, and what it is called with.

    Parameters
    ----------
    pair : str
        The name of the class, in `scratchnet.nn` and in `torch.nn`.
    init, inputs : Call
        What the class is constructed with, and the instance called with.
    note : str
        What tells it from another workload of the same class.
    through : int
        Which of several outputs the gradient comes in through.
    """

    pair: str
    init: Call
    inputs: Call
    note: str = ""
    through: int = 0

    @property
    def name(self) -> str:
        return f"{self.pair} {self.note}".rstrip()


ROWS = normal(64, 1000)
IMAGES = normal(64, 32, 32, 32)
SIGNAL = normal(64, 64, 128)
VOLUME = normal(8, 16, 8, 32, 32)
BY_DIMENSION = (SIGNAL, IMAGES, VOLUME)
SEQUENCE = normal(32, 128, 64)  # time, batch, features
CLASSES = integers(64, high=1000)
HALF = uniform(64, 1000)
TOKENS = integers(64, 64, high=1000)
STATE = normal(64, 128)

FIVE_OF_A_HUNDRED = fixed(np.tile(np.r_[:5, [-1] * 95], (64, 1)))

ACTIVATIONS = (
    *("ReLU", "LeakyReLU", "PReLU", "RReLU", "Hardtanh", "ReLU6", "Hardsigmoid"),
    *("Hardswish", "Hardshrink", "Softshrink", "ELU", "CELU", "SELU", "Tanh"),
    *("Sigmoid", "LogSigmoid", "Softplus", "Softsign", "Tanhshrink", "GELU", "SiLU"),
    *("Mish", "Softmax2d"),
)


def dims(name: str, *inits: Call) -> tuple[Layer, ...]:
    """Return the workloads of a family that has 1d, 2d and 3d."""
    inits = inits * 3 if len(inits) == 1 else inits
    return tuple(
        Layer(f"{name}{n}d", init, call(BY_DIMENSION[n - 1]))
        for n, init in enumerate(inits, 1)
    )


def unpool(n: int) -> Layer:
    """Return the inverse of a pool that found each maximum first in its window."""
    shape = (8 if n == 3 else 64, 16, *(16,) * n)
    firsts = np.arange(32**n).reshape((32,) * n)[(slice(None, None, 2),) * n]
    places = fixed(np.broadcast_to(firsts, shape))
    return Layer(f"MaxUnpool{n}d", call(2), call(normal(*shape), places))


def signs(*shape: int) -> Draw:
    """Describe numbers that are 1 or -1."""
    return Draw("signs", shape, lambda rng, shape: rng.choice((-1.0, 1.0), shape))


def log_probabilities(*shape: int) -> Draw:
    """Describe the logarithms of numbers that sum to one along the last axis."""
    p = probabilities(*shape, dim=-1)
    return Draw("log", shape, lambda rng, shape: np.log(p.sample(rng, shape)))


def transformer_layer(kind: str) -> Build:
    """Describe a layer for a stack of them."""
    return build(
        lambda nn: getattr(nn, kind)(64, 4, 256, 0.0, batch_first=True), f"{kind}(64)"
    )


TEXT = normal(32, 64, 64)  # batch, time, features
FEED_FORWARD = call(64, 4, 256, 0.0, batch_first=True)

LAYERS = (
    Layer("Linear", call(512, 512), call(normal(64, 512))),
    Layer("Linear", call(64, 256), call(TEXT), note="on sequences"),
    Layer("Bilinear", call(64, 64, 32), call(normal(64, 64), normal(64, 64))),
    *(Layer(name, call(), call(IMAGES)) for name in ACTIVATIONS),
    Layer("Threshold", call(0.1, 0.0), call(IMAGES)),
    Layer("GLU", call(dim=1), call(IMAGES)),
    Layer("Softmax", call(dim=1), call(ROWS)),
    Layer("LogSoftmax", call(dim=1), call(ROWS)),
    Layer("Softmin", call(dim=1), call(ROWS)),
    Layer("Conv1d", call(64, 64, 3, padding=1), call(SIGNAL)),
    Layer("Conv2d", call(32, 64, 3, padding=1), call(IMAGES)),
    Layer("Conv2d", call(1, 32, 3, padding=1), call(normal(64, 1, 28, 28)), "one grey"),
    Layer("Conv2d", call(32, 64, 1), call(IMAGES), "pointwise"),
    Layer("Conv2d", call(32, 32, 3, padding=1, groups=32), call(IMAGES), "depthwise"),
    Layer("Conv3d", call(16, 16, 3, padding=1), call(VOLUME)),
    Layer("ConvTranspose1d", call(64, 64, 4, 2, 1), call(SIGNAL)),
    Layer("ConvTranspose2d", call(32, 32, 4, 2, 1), call(normal(64, 32, 16, 16))),
    Layer("ConvTranspose3d", call(16, 16, 4, 2, 1), call(normal(8, 16, 4, 16, 16))),
    Layer("Unfold", call(3, padding=1), call(normal(16, 32, 32, 32))),
    Layer("Fold", call((32, 32), 3, padding=1), call(normal(16, 288, 1024))),
    *dims("MaxPool", call(2)),
    *map(unpool, (1, 2, 3)),
    *dims("AvgPool", call(2)),
    *dims("LPPool", call(2, 2)),
    *dims("AdaptiveAvgPool", call(4)),
    *dims("AdaptiveMaxPool", call(4)),
    *dims("BatchNorm", call(64), call(32), call(16)),
    *dims("InstanceNorm", call(64), call(32), call(16)),
    Layer("LayerNorm", call(512), call(normal(64, 32, 512))),
    Layer("RMSNorm", call(512), call(normal(64, 32, 512))),
    Layer("GroupNorm", call(8, 32), call(IMAGES)),
    Layer("LocalResponseNorm", call(5), call(IMAGES)),
    *(
        layer
        for kind in ("Zero", "Reflection", "Replication", "Circular")
        for layer in dims(f"{kind}Pad", call(1))
    ),
    *dims("ConstantPad", call(1, 0.5)),
    Layer("PixelShuffle", call(2), call(IMAGES)),
    Layer("PixelUnshuffle", call(2), call(IMAGES)),
    Layer("ChannelShuffle", call(4), call(IMAGES)),
    Layer("Upsample", call(scale_factor=2), call(normal(16, 32, 32, 32))),
    Layer("UpsamplingNearest2d", call(scale_factor=2), call(normal(16, 32, 32, 32))),
    Layer("UpsamplingBilinear2d", call(scale_factor=2), call(normal(16, 32, 32, 32))),
    Layer("Dropout", call(), call(normal(64, 512))),
    *dims("Dropout", call()),
    Layer("AlphaDropout", call(), call(normal(64, 512))),
    Layer("FeatureAlphaDropout", call(), call(IMAGES)),
    Layer("Embedding", call(1000, 64), call(TOKENS)),
    Layer("EmbeddingBag", call(1000, 64), call(TOKENS)),
    Layer("CosineSimilarity", call(), call(ROWS, ROWS)),
    Layer("PairwiseDistance", call(), call(ROWS, ROWS)),
    Layer("RNNCell", call(64, 128), call(normal(64, 64), STATE)),
    Layer("LSTMCell", call(64, 128), call(normal(64, 64), (STATE, STATE))),
    Layer("GRUCell", call(64, 128), call(normal(64, 64), STATE)),
    Layer("RNN", call(64, 128), call(SEQUENCE)),
    Layer("LSTM", call(64, 128), call(SEQUENCE)),
    Layer("GRU", call(64, 128), call(SEQUENCE)),
    Layer(
        "MultiheadAttention",
        call(64, 4, batch_first=True),
        call(TEXT, TEXT, TEXT, need_weights=False),
    ),
    Layer("TransformerEncoderLayer", FEED_FORWARD, call(TEXT)),
    Layer("TransformerDecoderLayer", FEED_FORWARD, call(TEXT, TEXT)),
    Layer(
        "TransformerEncoder",
        call(transformer_layer("TransformerEncoderLayer"), 2),
        call(TEXT),
    ),
    Layer(
        "TransformerDecoder",
        call(transformer_layer("TransformerDecoderLayer"), 2),
        call(TEXT, TEXT),
    ),
    Layer(
        "Transformer",
        call(64, 4, 1, 1, 256, 0.0, batch_first=True),
        call(TEXT, TEXT),
    ),
    *(
        Layer(name, call(), call(ROWS, ROWS))
        for name in ("MSELoss", "L1Loss", "HuberLoss", "SmoothL1Loss")
    ),
    Layer("NLLLoss", call(), call(log_probabilities(64, 1000), CLASSES)),
    Layer("CrossEntropyLoss", call(), call(ROWS, CLASSES)),
    Layer(
        "CrossEntropyLoss", call(), call(normal(64, 10), integers(64, high=10)), "10"
    ),
    Layer("BCELoss", call(), call(uniform(64, 1000, low=0.01, high=0.99), HALF)),
    Layer("BCEWithLogitsLoss", call(), call(ROWS, HALF)),
    Layer("SoftMarginLoss", call(), call(ROWS, signs(64, 1000))),
    Layer(
        "KLDivLoss",
        call(reduction="batchmean"),
        call(log_probabilities(64, 1000), probabilities(64, 1000)),
    ),
    Layer("PoissonNLLLoss", call(), call(ROWS, HALF)),
    Layer(
        "GaussianNLLLoss", call(), call(ROWS, ROWS, uniform(64, 1000, low=0.2, high=2))
    ),
    Layer("MultiMarginLoss", call(), call(ROWS, CLASSES)),
    Layer("MultiLabelMarginLoss", call(), call(normal(64, 100), FIVE_OF_A_HUNDRED)),
    Layer("MultiLabelSoftMarginLoss", call(), call(ROWS, integers(64, 1000, high=2))),
    Layer("HingeEmbeddingLoss", call(), call(ROWS, signs(64, 1000))),
    Layer("MarginRankingLoss", call(), call(ROWS, ROWS, signs(64, 1000))),
    Layer("CosineEmbeddingLoss", call(), call(ROWS, ROWS, signs(64))),
    Layer("TripletMarginLoss", call(), call(ROWS, ROWS, ROWS)),
    Layer("TripletMarginWithDistanceLoss", call(), call(ROWS, ROWS, ROWS)),
    Layer(
        "CTCLoss",
        call(),
        call(
            log_probabilities(50, 16, 20),
            integers(16, 20, low=1, high=20),
            fixed([50] * 16),
            fixed([20] * 16),
        ),
    ),
    Layer(
        "AdaptiveLogSoftmaxWithLoss",
        call(64, 1000, [100, 400]),
        call(normal(64, 64), CLASSES),
        through=1,
    ),
)

#: Pairs that have no workload, and why.
UNTIMED = {
    "Identity": "computes nothing",
    "Flatten": "a view: computes nothing",
    "Unflatten": "a view: computes nothing",
    "Sequential": "takes the time of its layers, as the whole steps do",
}

_UNFUSED = "NumPy fuses nothing"
_SCALAR = "NumPy computes {} one number at a time where there is no AVX-512"
_STRIDED = "windows along the innermost axis are read with strides"

#: Workloads that may take longer than `LIMIT` times torch's, and why. Which of them do,
#: depends on the processor.
EXCUSED = {
    "GELU": "NumPy has no error function",
    **dict.fromkeys(("ELU", "SELU", "CELU"), _SCALAR.format("expm1")),
    **dict.fromkeys(
        ("Softplus", "LogSigmoid", "BCEWithLogitsLoss"), _SCALAR.format("log1p")
    ),
    "Hardswish": f"passes ten times over memory: {_UNFUSED}",
    "Hardsigmoid": f"passes seven times over memory: {_UNFUSED}",
    "Hardshrink": f"passes six times over memory: {_UNFUSED}",
    "LayerNorm": f"passes fourteen times over memory: {_UNFUSED}",
    "GroupNorm": f"passes fourteen times over memory: {_UNFUSED}",
    "Threshold": "chooses by the bits, in five passes: NumPy's where branches",
    "RReLU": "draws torch's own numbers, with a multiply-add that takes twenty passes",
    **dict.fromkeys(("AdaptiveAvgPool1d", "AdaptiveMaxPool2d"), _STRIDED),
    "ConvTranspose3d": "of a batch of eight, runs in memory are eight numbers long",
    "Conv2d depthwise": "one channel at a time leaves no product for BLAS",
}

#: The same on more threads than one, which torch uses for all that it does.
EXCUSED_ON_MORE = dict.fromkeys(
    (
        *("Sigmoid", "SiLU", "LeakyReLU", "GLU", "CTCLoss", "SoftMarginLoss"),
        *("Hardtanh", "ReLU6", "Softshrink", "Conv3d", "EmbeddingBag"),
        *("Softmax", "LogSoftmax", "CrossEntropyLoss", "TripletMarginLoss"),
        *("AdaptiveAvgPool2d", "AdaptiveAvgPool3d"),
        *("AdaptiveMaxPool1d", "AdaptiveMaxPool3d"),
        *("MaxUnpool2d", "MaxUnpool3d", "FeatureAlphaDropout", "Dropout2d"),
    ),
    "NumPy uses more threads than one for products of matrices alone",
)


def excuse(name: str, threads: int) -> str | None:
    """Return why a workload may take longer than `LIMIT` times torch's, if it may."""
    return EXCUSED.get(name) or (EXCUSED_ON_MORE.get(name) if threads > 1 else None)
