"""Gated recurrent unit: the next state mixes the last one with a candidate."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from scratchnet.nn.activation import sigmoid
from scratchnet.nn.module import Array
from scratchnet.nn.rnn.cell import RNNCellBase
from scratchnet.nn.rnn.recurrence import Recurrent, State
from scratchnet.nn.rnn.stack import RNNBase


class _Step(Recurrent):
    """One step of a GRU; `GRUCell` has its equations."""

    gates = 3
    additive = False

    def step(self, a_x: Array, a_h: Array, state: State) -> tuple[State, Any]:
        (h,) = state
        r, z = sigmoid(a_x[:2] + a_h[:2])
        u = a_h[2]
        n = np.tanh(a_x[2] + r * u)
        return (n + z * (h - n),), (r, z, n, u, h)

    def step_backward(
        self, grad: State, kept: Any, grad_a_x: Array, grad_a_h: Array
    ) -> tuple[Any, ...]:
        (grad_h,) = grad
        r, z, n, u, h = kept
        into_n, into_h = grad_h * (1 - z), grad_h * z
        grad_n = into_n * (1 - n * n)
        grad_u = grad_n * r
        grad_a_x[0] = grad_a_h[0] = grad_u * u * (1 - r)
        grad_a_x[1] = grad_a_h[1] = into_n * z * (h - n)
        grad_a_x[2] = grad_n
        grad_a_h[2] = grad_u
        return (into_h,)


class GRUCell(_Step, RNNCellBase):
    r"""One step of a gated recurrent unit.

    Parameters
    ----------
    input_size, hidden_size : int
        Features :math:`I` of the input and :math:`H` of the hidden state.
    bias : bool, default True
        False leaves both biases out.
    dtype : dtype, default float32
        Of the parameters, and so of the input.

    Attributes
    ----------
    weight_ih : Parameter, shape (3 * hidden_size, input_size)
    weight_hh : Parameter, shape (3 * hidden_size, hidden_size)
    bias_ih, bias_hh : Parameter, shape (3 * hidden_size,), or None
        The rows of :math:`r`, then of :math:`z`, then of :math:`n`. All start uniform
        in :math:`\pm 1/\sqrt{H}`, in this order.

    Raises
    ------
    TypeError
        If the input or the state is not an array of the parameters' dtype.
    ValueError
        If the input is neither (N, input_size) nor (input_size,), or if the state does
        not match it.

    Notes
    -----
    Given :math:`x` of shape :math:`(N, I)` and :math:`h` of :math:`(N, H)`, which is
    zero where it is left out, the cell returns :math:`h'`. The reset gate :math:`r`
    acts after the product :math:`u`, so that the two biases are not one:

    .. math::

        \begin{aligned}
        r &= \sigma(W_{ir} x + b_{ir} + W_{hr} h + b_{hr}) \\
        z &= \sigma(W_{iz} x + b_{iz} + W_{hz} h + b_{hz}) \\
        u &= W_{hn} h + b_{hn} \\
        n &= \tanh(W_{in} x + b_{in} + r \odot u) \\
        h' &= (1 - z) \odot n + z \odot h
        \end{aligned}

    With :math:`a_r, a_z, a_n` for what stands in the brackets,

    .. math::

        \begin{aligned}
        \frac{\partial L}{\partial a_n} &= \frac{\partial L}{\partial h'}
            \odot (1 - z) \odot (1 - n^2) \\
        \frac{\partial L}{\partial a_r} &= \frac{\partial L}{\partial a_n}
            \odot u \odot r \odot (1 - r) \\
        \frac{\partial L}{\partial a_z} &= \frac{\partial L}{\partial h'}
            \odot (h - n) \odot z \odot (1 - z) \\
        \frac{\partial L}{\partial u} &= \frac{\partial L}{\partial a_n} \odot r
        \end{aligned}

    The input has the gradient :math:`W_i^\top` times those of :math:`(a_r, a_z, a_n)`,
    and the state before, with those of :math:`(a_r, a_z, u)`,

    .. math::

        \frac{\partial L}{\partial h} = \frac{\partial L}{\partial h'} \odot z +
            W_h^\top \frac{\partial L}{\partial (a_r, a_z, u)}

    The parameters have the same two gradients, times :math:`x^\top` and
    :math:`h^\top`, summed over the batch.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.GRUCell.html

    .. [1] Cho et al., "Learning phrase representations using RNN encoder-decoder for
       statistical machine translation", arXiv:1406.1078, 2014.

    Examples
    --------
    >>> cell = GRUCell(10, 20)
    >>> x, h = np.zeros((3, 10), np.float32), np.zeros((3, 20), np.float32)
    >>> h = cell(x, h)
    >>> grad_x, grad_h = cell.backward(np.ones_like(h))
    >>> grad_x.shape, grad_h.shape
    ((3, 10), (3, 20))
    """

    def forward(self, input: Array, hx: Array | None = None) -> Array:
        (h,) = self._run(input, None if hx is None else (hx,))
        return h

    def backward(
        self, grad_h: Array, input_grad: bool = True
    ) -> tuple[Array | None, Array]:
        grad_x, (grad_hx,) = self._run_back((grad_h,), input_grad)
        return grad_x, grad_hx


class GRU(_Step, RNNBase):
    r"""A gated recurrent unit over a sequence.

    Parameters
    ----------
    input_size, hidden_size : int
        Features :math:`I` of the input and :math:`H` of the hidden state.
    num_layers : int, default 1
        Layers, each of which reads the outputs of the one below.
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
    weight_ih_l[k] : Parameter, shape (3 * hidden_size, input features of layer k)
    weight_hh_l[k] : Parameter, shape (3 * hidden_size, hidden_size)
    bias_ih_l[k], bias_hh_l[k] : Parameter, shape (3 * hidden_size,)
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
    and so on. A packed sequence is not taken. At each time :math:`t`, from
    :math:`x_t` and :math:`h_{t-1}`,

    .. math::

        \begin{aligned}
        r_t &= \sigma(W_{ir} x_t + b_{ir} + W_{hr} h_{t-1} + b_{hr}) \\
        z_t &= \sigma(W_{iz} x_t + b_{iz} + W_{hz} h_{t-1} + b_{hz}) \\
        n_t &= \tanh(W_{in} x_t + b_{in} + r_t \odot (W_{hn} h_{t-1} + b_{hn})) \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}
        \end{aligned}

    The derivatives of a step are those of `GRUCell`. Backward through time, :math:`h_t`
    is reached by the output and by the next step, and the weights sum over all steps.

    ``backward(grad_output, grad_h_n)`` gives the gradients of the input and of
    :math:`h_0`; either may be None, for zeros.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.GRU.html

    .. [1] Cho et al., "Learning phrase representations using RNN encoder-decoder for
       statistical machine translation", arXiv:1406.1078, 2014.

    Examples
    --------
    >>> gru = GRU(10, 20, num_layers=2, batch_first=True)
    >>> output, h_n = gru(np.zeros((3, 5, 10), np.float32))
    >>> output.shape, h_n.shape
    ((3, 5, 20), (2, 3, 20))
    >>> grad_x, grad_h_0 = gru.backward(None, np.ones_like(h_n))
    >>> grad_x.shape, grad_h_0.shape
    ((3, 5, 10), (2, 3, 20))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
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
