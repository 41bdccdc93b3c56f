"""The Elman network: the simplest recurrence, a layer that reads its own output."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn.module import Array
from scratchnet.nn.rnn.cell import RNNCellBase
from scratchnet.nn.rnn.recurrence import Recurrent, State
from scratchnet.nn.rnn.stack import RNNBase


class _Step(Recurrent):
    """One step of an Elman network; `RNNCell` has its equations."""

    gates = 1
    nonlinearity: str

    def step(self, a_x: Array, a_h: Array, state: State) -> tuple[State, Any]:
        (a,) = a_x + a_h
        h = np.tanh(a) if self.nonlinearity == "tanh" else np.maximum(a, 0)
        return (h,), h

    def step_backward(
        self, grad: State, kept: Any, grad_a_x: Array, grad_a_h: Array
    ) -> tuple[Any, ...]:
        (grad_h,), h = grad, kept
        slope = 1 - h * h if self.nonlinearity == "tanh" else h > 0
        grad_a_x[0] = grad_h * slope
        return (0.0,)

    def _check_nonlinearity(self) -> None:
        if self.nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"{type(self).__name__} expects nonlinearity 'tanh' or 'relu', "
                f"got {self.nonlinearity!r}"
            )


class RNNCell(_Step, RNNCellBase):
    r"""One step of an Elman network.

    Parameters
    ----------
    input_size, hidden_size : int
        Features :math:`I` of the input and :math:`H` of the hidden state.
    bias : bool, default True
        False leaves both biases out.
    nonlinearity : {"tanh", "relu"}, default "tanh"
        The function :math:`f`.
    dtype : dtype, default float32
        Of the parameters, and so of the input.

    Attributes
    ----------
    weight_ih : Parameter, shape (hidden_size, input_size)
    weight_hh : Parameter, shape (hidden_size, hidden_size)
    bias_ih, bias_hh : Parameter, shape (hidden_size,), or None
        All start uniform in :math:`\pm 1/\sqrt{H}`, in this order.

    Raises
    ------
    TypeError
        If the input or the state is not an array of the parameters' dtype.
    ValueError
        If the input is neither (N, input_size) nor (input_size,), if the state does
        not match it, or if `nonlinearity` is neither "tanh" nor "relu".

    Notes
    -----
    Given :math:`x` of shape :math:`(N, I)` and :math:`h` of :math:`(N, H)`, which is
    zero where it is left out, the cell returns :math:`h'`; with
    :math:`f'(a) = 1 - h'^2` for tanh and :math:`[h' > 0]` for relu,

    .. math::

        \begin{aligned}
        a &= W_{ih} x + b_{ih} + W_{hh} h + b_{hh} \qquad h' = f(a) \\
        \frac{\partial L}{\partial a} &=
            f'(a) \odot \frac{\partial L}{\partial h'} \\
        \frac{\partial L}{\partial x} &= W_{ih}^\top \frac{\partial L}{\partial a}
        \qquad
        \frac{\partial L}{\partial h} = W_{hh}^\top \frac{\partial L}{\partial a} \\
        \frac{\partial L}{\partial W_{ih}} &=
            \frac{\partial L}{\partial a} x^\top \qquad
        \frac{\partial L}{\partial W_{hh}} =
            \frac{\partial L}{\partial a} h^\top \qquad
        \frac{\partial L}{\partial b_{ih}} = \frac{\partial L}{\partial b_{hh}} =
            \frac{\partial L}{\partial a}
        \end{aligned}

    those of the parameters summed over the batch.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.RNNCell.html

    .. [1] Elman, "Finding structure in time", Cognitive Science 14, 1990.

    Examples
    --------
    >>> cell = RNNCell(10, 20)
    >>> x, h = np.zeros((3, 10), np.float32), np.zeros((3, 20), np.float32)
    >>> h = cell(x, h)
    >>> grad_x, grad_h = cell.backward(np.ones_like(h))
    >>> grad_x.shape, grad_h.shape
    ((3, 10), (3, 20))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Array, hx: Array | None = None) -> Array:
        self._check_nonlinearity()
        (h,) = self._run(input, None if hx is None else (hx,))
        return h

    def backward(
        self, grad_h: Array, input_grad: bool = True
    ) -> tuple[Array | None, Array]:
        grad_x, (grad_hx,) = self._run_back((grad_h,), input_grad)
        return grad_x, grad_hx

    def extra_repr(self) -> str:
        is_default = self.nonlinearity == "tanh"
        shown = "" if is_default else f", nonlinearity={self.nonlinearity}"
        return super().extra_repr() + shown


class RNN(_Step, RNNBase):
    r"""An Elman network over a sequence.

    Parameters
    ----------
    input_size, hidden_size : int
        Features :math:`I` of the input and :math:`H` of the hidden state.
    num_layers : int, default 1
        Layers, each of which reads the outputs of the one below.
    nonlinearity : {"tanh", "relu"}, default "tanh"
        The function :math:`f`.
    bias : bool, default True
        False leaves all biases out.
    batch_first : bool, default False
        Whether input and output are (N, T, features) rather than (T, N, features).
    dropout : float, default 0
        Probability of `Dropout` on the outputs of every layer but the last.
    bidirectional : bool, default False
        Whether each layer also runs from the last step to the first.
    dtype : dtype, default float32
        Of the parameters, and so of the input.

    Attributes
    ----------
    weight_ih_l[k] : Parameter, shape (hidden_size, input features of layer k)
    weight_hh_l[k] : Parameter, shape (hidden_size, hidden_size)
    bias_ih_l[k], bias_hh_l[k] : Parameter, shape (hidden_size,)
        Then the same with ``_reverse``, if there is a second direction. All start
        uniform in :math:`\pm 1/\sqrt{H}`, in this order.

    Raises
    ------
    TypeError
        If the input or the state is not an array of the parameters' dtype.
    ValueError
        If their shapes do not fit, or a setting is out of its range.

    Notes
    -----
    Called with :math:`x` of shape :math:`(T, N, I)`, or :math:`(T, I)` without a
    batch, and perhaps :math:`h_0` of :math:`(K, N, H)`, where :math:`K` counts layers
    times directions :math:`D`, it returns the output :math:`(T, N, D H)` and
    :math:`h_n` of :math:`(K, N, H)`: the first layer forward, reverse, the next layer
    and so on. A packed sequence is not taken. For each time :math:`t`

    .. math::

        h_t = f(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})

    whose derivatives are those of `RNNCell`. Backward through time, :math:`h_t` is
    reached by the output and by the next step, and the weights sum over all steps:

    .. math::

        \begin{aligned}
        \frac{\partial L}{\partial h_t} &= \frac{\partial L}{\partial y_t} +
            W_{hh}^\top \frac{\partial L}{\partial a_{t+1}} \\
        \frac{\partial L}{\partial W_{ih}} &=
            \sum_t \frac{\partial L}{\partial a_t} x_t^\top \qquad
        \frac{\partial L}{\partial W_{hh}} =
            \sum_t \frac{\partial L}{\partial a_t} h_{t-1}^\top
        \end{aligned}

    ``backward(grad_output, grad_h_n)`` gives the gradients of the input and of
    :math:`h_0`; either may be None, for zeros.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.RNN.html

    Examples
    --------
    >>> rnn = RNN(10, 20, num_layers=2)
    >>> output, h_n = rnn(np.zeros((5, 3, 10), np.float32))
    >>> output.shape, h_n.shape
    ((5, 3, 20), (2, 3, 20))
    >>> grad_x, grad_h_0 = rnn.backward(np.ones_like(output))
    >>> grad_x.shape, grad_h_0.shape
    ((5, 3, 10), (2, 3, 20))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        dtype: DTypeLike = np.float32,
    ) -> None:
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            dtype,
        )
        self.nonlinearity = nonlinearity
        self._check_nonlinearity()

    def forward(self, input: Array, hx: Array | None = None) -> tuple[Array, Array]:
        output, (h_n,) = self._run(input, None if hx is None else (hx,))
        return output, h_n

    def backward(
        self,
        grad_output: Array | None,
        grad_h_n: Array | None = None,
        input_grad: bool = True,
    ) -> tuple[Array | None, Array]:
        grad_x, (grad_h_0,) = self._run_back(grad_output, (grad_h_n,), input_grad)
        return grad_x, grad_h_0
