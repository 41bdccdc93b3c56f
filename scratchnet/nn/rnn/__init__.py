"""Recurrent networks: one step, the loop over time, then layers and directions.

In reading order: `vanilla`, `lstm` and `gru` hold one step each, with its gradient
beneath it; `recurrence` repeats a step over time, `cell` takes one alone, and `stack`
puts recurrences beside and on top of each other.
"""

from scratchnet.nn.rnn.cell import RNNCellBase
from scratchnet.nn.rnn.gru import GRU, GRUCell
from scratchnet.nn.rnn.lstm import LSTM, LSTMCell
from scratchnet.nn.rnn.stack import RNNBase
from scratchnet.nn.rnn.vanilla import RNN, RNNCell

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "GRUCell",
    "LSTMCell",
    "RNNBase",
    "RNNCell",
    "RNNCellBase",
]
