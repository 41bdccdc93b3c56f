"""Long short-term memory: a cell state, and gates that write, keep and read it."""

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
    """One step of an LSTM; `LSTMCell` has its equations."""

    gates = 4
    states = 2

    def step(self, a_x: Array, a_h: Array, state: State) -> tuple[State, Any]:
        _, c = state
        a_h += a_x
        i, f = sigmoid(a_h[:2])
        g, o = np.tanh(a_h[2]), sigmoid(a_h[3])
        c_next = f * c + i * g
        tanh_c = np.tanh(c_next)
        return (o * tanh_c, c_next), (i, f, g, o, c, tanh_c)

    def step_backward(
        self, grad: State, kept: Any, grad_a_x: Array, grad_a_h: Array
    ) -> tuple[Any, ...]:
        grad_h, grad_c = grad
        i, f, g, o, c, tanh_c = kept
        grad_c = grad_c + grad_h * o * (1 - tanh_c * tanh_c)
        grad_a_x[0] = grad_c * g * i * (1 - i)
        grad_a_x[1] = grad_c * c * f * (1 - f)
        grad_a_x[2] = grad_c * i * (1 - g * g)
        grad_a_x[3] = grad_h * tanh_c * o * (1 - o)
        return 0.0, grad_c * f

    def _given(self, hx: Any) -> State | None:
        """Return the states as given, once they are known to be a pair or absent."""
        if hx is None:
            return None
        if not (isinstance(hx, tuple | list) and len(hx) == 2):
            came = type(hx).__name__
            raise TypeError(f"{type(self).__name__} expects a pair (h, c), got {came}")
        return tuple(hx)


class LSTMCell(_Step, RNNCellBase):
    r"""One step of long short-term memory.

    Parameters
    ----------
    input_size, hidden_size : int
        Features :math:`I` of the input and :math:`H` of the two states.
    bias : bool, default True
        False leaves both biases out.
    dtype : dtype, default float32
        Of the parameters, and so of the input.

    Attributes
    ----------
    weight_ih : Parameter, shape (4 * hidden_size, input_size)
    weight_hh : Parameter, shape (4 * hidden_size, hidden_size)
    bias_ih, bias_hh : Parameter, shape (4 * hidden_size,), or None
        The rows of :math:`i`, of :math:`f`, of :math:`g`, then of :math:`o`. All start
        uniform in :math:`\pm 1/\sqrt{H}`, in this order.

    Raises
    ------
    TypeError
        If the input or a state is not an array of the parameters' dtype, or the states
        are not a pair.
    ValueError
        If the input is neither (N, input_size) nor (input_size,), or if a state does
        not match it.

    Notes
    -----
    Given :math:`x` of shape :math:`(N, I)` and the pair :math:`(h, c)`, each of
    :math:`(N, H)`, or zeros where it is left out, the cell returns :math:`(h', c')`:

    .. math::

        \begin{aligned}
        i &= \sigma(W_{ii} x + b_{ii} + W_{hi} h + b_{hi}) \\
        f &= \sigma(W_{if} x + b_{if} + W_{hf} h + b_{hf}) \\
        g &= \tanh(W_{ig} x + b_{ig} + W_{hg} h + b_{hg}) \\
        o &= \sigma(W_{io} x + b_{io} + W_{ho} h + b_{ho}) \\
        c' &= f \odot c + i \odot g \\
        h' &= o \odot \tanh c'
        \end{aligned}

    The cell state is reached by its own gradient and by that of :math:`h'`; with
    :math:`\bar c` for both together, and :math:`a_i, a_f, a_g, a_o` for what stands in
    the brackets,

    .. math::

        \begin{aligned}
        \bar c &= \frac{\partial L}{\partial c'} + \frac{\partial L}{\partial h'}
            \odot o \odot (1 - \tanh^2 c') \\
        \frac{\partial L}{\partial a_i} &= \bar c \odot g \odot i \odot (1 - i) \\
        \frac{\partial L}{\partial a_f} &= \bar c \odot c \odot f \odot (1 - f) \\
        \frac{\partial L}{\partial a_g} &= \bar c \odot i \odot (1 - g^2) \\
        \frac{\partial L}{\partial a_o} &= \frac{\partial L}{\partial h'}
            \odot \tanh c' \odot o \odot (1 - o) \\
        \frac{\partial L}{\partial c} &= \bar c \odot f
        \end{aligned}

    and with :math:`a` for the four, one above the other,

    .. math::

        \frac{\partial L}{\partial x} = W_i^\top \frac{\partial L}{\partial a} \qquad
        \frac{\partial L}{\partial h} = W_h^\top \frac{\partial L}{\partial a} \qquad
        \frac{\partial L}{\partial W_i} = \frac{\partial L}{\partial a} x^\top \qquad
        \frac{\partial L}{\partial W_h} = \frac{\partial L}{\partial a} h^\top \qquad
        \frac{\partial L}{\partial b} = \frac{\partial L}{\partial a}

    those of the parameters summed over the batch.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.LSTMCell.html

    .. [1] Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9,
       1997.

    Examples
    --------
    >>> cell = LSTMCell(10, 20)
    >>> h, c = cell(np.zeros((3, 10), np.float32))
    >>> grad_x, (grad_h, grad_c) = cell.backward(np.ones_like(h), np.ones_like(c))
    >>> grad_x.shape, grad_h.shape, grad_c.shape
    ((3, 10), (3, 20), (3, 20))
    """

    def forward(self, input: Array, hx: tuple[Array, Array] | None = None) -> State:
        return self._run(input, self._given(hx))

    def backward(
        self,
        grad_h: Array | None,
        grad_c: Array | None = None,
        input_grad: bool = True,
    ) -> tuple[Array | None, State]:
        return self._run_back((grad_h, grad_c), input_grad)


class LSTM(_Step, RNNBase):
    r"""Long short-term memory over a sequence.

    Parameters
    ----------
    input_size, hidden_size : int
        Features :math:`I` of the input and :math:`H` of the cell state.
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
    proj_size : int, default 0
        If above 0, the hidden state is projected to :math:`P` features, fewer than
        :math:`H`; else :math:`P = H`.
    dtype : dtype, default float32
        Of the parameters, and so of the input.

    Attributes
    ----------
    weight_ih_l[k] : Parameter, shape (4 * hidden_size, input features of layer k)
    weight_hh_l[k] : Parameter, shape (4 * hidden_size, P)
    bias_ih_l[k], bias_hh_l[k] : Parameter, shape (4 * hidden_size,)
    weight_hr_l[k] : Parameter, shape (proj_size, hidden_size)
        Then the same with ``_reverse``, if there is a second direction. All start
        uniform in :math:`\pm 1/\sqrt{H}`, in this order.

    Raises
    ------
    TypeError
        If the input or a state is not an array of the parameters' dtype, or the states
        are not a pair.
    ValueError
        If their shapes do not fit, or a setting is out of its range.

    Notes
    -----
    Called with :math:`x` of shape :math:`(T, N, I)`, or :math:`(T, I)` without a
    batch, and perhaps the pair :math:`h_0` of :math:`(K, N, P)` and :math:`c_0` of
    :math:`(K, N, H)`, where :math:`K` counts layers times directions :math:`D`, it
    returns the output :math:`(T, N, D P)` and the pair :math:`h_n`, :math:`c_n`: the
    first layer forward, reverse, the next layer and so on. A packed sequence is not
    taken. At each time :math:`t`, from :math:`x_t`, :math:`h_{t-1}` and
    :math:`c_{t-1}`,

    .. math::

        \begin{aligned}
        i_t &= \sigma(W_{ii} x_t + b_{ii} + W_{hi} h_{t-1} + b_{hi}) \\
        f_t &= \sigma(W_{if} x_t + b_{if} + W_{hf} h_{t-1} + b_{hf}) \\
        g_t &= \tanh(W_{ig} x_t + b_{ig} + W_{hg} h_{t-1} + b_{hg}) \\
        o_t &= \sigma(W_{io} x_t + b_{io} + W_{ho} h_{t-1} + b_{ho}) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
        h_t &= W_{hr} (o_t \odot \tanh c_t)
        \end{aligned}

    without :math:`W_{hr}` if there is no projection. The derivatives of a step are
    those of `LSTMCell`. Backward through time, :math:`h_t` is reached by the output and
    by the next step, :math:`c_t` by the next step, and the weights sum over all steps.

    ``backward(grad_output, (grad_h_n, grad_c_n))`` gives the gradients of the input and
    of the pair :math:`(h_0, c_0)`; each may be None, for zeros.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.nn.LSTM.html

    .. [1] Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9,
       1997.
    .. [2] Sak et al., "Long short-term memory based recurrent neural network
       architectures for large vocabulary speech recognition", arXiv:1402.1128, 2014.

    Examples
    --------
    >>> lstm = LSTM(10, 20, bidirectional=True)
    >>> output, (h_n, c_n) = lstm(np.zeros((5, 3, 10), np.float32))
    >>> output.shape, h_n.shape, c_n.shape
    ((5, 3, 40), (2, 3, 20), (2, 3, 20))
    >>> grad_x, (grad_h_0, grad_c_0) = lstm.backward(np.ones_like(output))
    >>> grad_x.shape, grad_h_0.shape, grad_c_0.shape
    ((5, 3, 10), (2, 3, 20), (2, 3, 20))
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
        proj_size: int = 0,
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
            proj_size,
        )

    def forward(
        self, input: Array, hx: tuple[Array, Array] | None = None
    ) -> tuple[Array, State]:
        return self._run(input, self._given(hx))

    def backward(
        self,
        grad_output: Array | None,
        grad_hx: tuple[Array | None, Array | None] | None = None,
        input_grad: bool = True,
    ) -> tuple[Array | None, State]:
        grad_last = (None, None) if grad_hx is None else grad_hx
        return self._run_back(grad_output, grad_last, input_grad)
