"""Newton's method from the gradients of the last steps alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from scratchnet.nn.module import Array, Parameter
from scratchnet.optim._line_search import Point, strong_wolfe
from scratchnet.optim._shared import expect_nonnegative, expect_numbers
from scratchnet.optim.optimizer import (
    Group,
    Optimizer,
    Params,
    State,
    expect_matching_grad,
)

_VECTORS = ("d", "prev_flat_grad")
_HISTORY = ("old_dirs", "old_stps", "ro")
_SCALARS = ("t", "H_diag", "prev_loss")


class LBFGS(Optimizer):
    r"""Step along the gradient, bent by the curvature that recent steps met.

    Parameters
    ----------
    params : iterable
        Of parameters or (name, parameter) pairs; one group only.
    lr : float, default 1
        Length of a step, or where the line search begins.
    max_iter : int, default 20
        Iterations in each call of `step`.
    max_eval : int, optional
        Calls of the closure in each call of `step`; by default 1.25 `max_iter`.
    tolerance_grad : float, default 1e-7
        Stop once no element of the gradient is larger.
    tolerance_change : float, default 1e-9
        Stop once neither the parameters nor the loss change by more.
    history_size : int, default 100
        :math:`k`, the number of steps remembered.
    line_search_fn : "strong_wolfe", optional
        Without it the step is `lr`.

    Raises
    ------
    ValueError
        If `lr` is negative, or if there is more than one group.
    RuntimeError
        If there is no such `line_search_fn`, when a step is taken.

    Notes
    -----
    All parameters form one vector :math:`p`, with the gradient :math:`g_t`. With
    :math:`s_i = p_{i+1} - p_i` (``old_stps``) and :math:`y_i = g_{i+1} - g_i`
    (``old_dirs``) of the last :math:`k` steps that met positive curvature, and
    :math:`\rho_i = 1 / y_i^\top s_i` (``ro``), the direction :math:`d = -H g_t` is
    found without the matrix :math:`H`, by a walk back through the history and one
    forward:

    .. math::

        \begin{aligned}
        q &\leftarrow -g_t \\
        a_i &= \rho_i \, s_i^\top q, \qquad
            q \leftarrow q - a_i y_i & i &= t-1, \dots, t-k \\
        q &\leftarrow h \, q, \qquad
            h = y_{t-1}^\top s_{t-1} \big/ y_{t-1}^\top y_{t-1} \\
        q &\leftarrow q + (a_i - \rho_i \, y_i^\top q) \, s_i & i &= t-k, \dots, t-1 \\
        d &= q, \qquad p_{t+1} = p_t + \text{lr} \, d
        \end{aligned}

    The first direction is :math:`-g_1`, no longer than 1 in the sum of its magnitudes.

    References
    ----------
    https://docs.pytorch.org/docs/2.13/generated/torch.optim.LBFGS.html

    Nocedal and Wright, "Numerical Optimization", 2nd ed., algorithm 7.4.

    Examples
    --------
    >>> from scratchnet.nn import Parameter
    >>> p = Parameter(np.array([-1.0, 2.0]))
    >>> def rosenbrock():
    ...     x, y = p.data
    ...     p.grad = np.array([2 * (x - 1) - 400 * x * (y - x**2), 200 * (y - x**2)])
    ...     return (x - 1) ** 2 + 100 * (y - x**2) ** 2
    >>> optimizer = LBFGS([p], max_iter=60, line_search_fn="strong_wolfe")
    >>> optimizer.step(rosenbrock)  # the loss at the start
    np.float64(104.0)
    >>> p.data.round(4)
    array([1., 1.])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        expect_nonnegative(lr=lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group: Group) -> None:
        if self.param_groups:
            raise ValueError(
                "LBFGS doesn't support per-parameter options (parameter groups)"
            )
        super().add_param_group(param_group)

    @property
    def _params(self) -> list[Parameter]:
        params: list[Parameter] = self.param_groups[0]["params"]
        return params

    # The step -----------------------------------------------------------------

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Run up to ``max_iter`` iterations, and return the loss from before them.

        Parameters
        ----------
        closure : callable
            Computes the gradients anew and returns the loss.
        """
        group = self.param_groups[0]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        with np.errstate(all="ignore"):
            return self._minimise(closure, group)

    def _minimise(self, closure: Callable[[], Any], group: Group) -> Any:
        first_loss = closure()
        loss, g = float(first_loss), self._gather_grad()
        evals = 1
        # All is remembered under the first parameter, as in torch.
        state = self.state[self._params[0]]
        state["func_evals"] = state.get("func_evals", 0) + 1
        state.setdefault("n_iter", 0)
        if _largest(g) <= group["tolerance_grad"]:
            return first_loss

        lr, least_change = float(group["lr"]), group["tolerance_change"]
        for i in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            d = state["d"] = self._direction(g, state, group["history_size"])
            t = lr
            if state["n_iter"] == 1:
                t *= min(1.0, 1.0 / float(np.abs(g).sum()))
            state.update(t=t, prev_flat_grad=g, prev_loss=loss)
            slope = g @ d
            if slope > -least_change:
                break

            spent = 0
            if group["line_search_fn"] is not None:
                point, spent = strong_wolfe(
                    partial(self._evaluate, closure, d),
                    Point(0, loss, g, slope),
                    t,
                    d,
                    max_evals=group["max_eval"] - evals,
                )
                t, loss, g = float(point.t), point.f, point.g
                self._add(t, d)
            else:
                self._add(t, d)
                if i < group["max_iter"]:
                    loss, g = float(closure()), self._gather_grad()
                    spent = 1
            state["t"] = t
            evals += spent
            state["func_evals"] += spent
            if (
                evals >= group["max_eval"]
                or _largest(g) <= group["tolerance_grad"]
                or _largest(d * t) <= least_change
                or abs(loss - state["prev_loss"]) < least_change
            ):
                break
        return first_loss

    def _direction(self, g: Array, state: State, history_size: int) -> Array:
        """Return :math:`-H g`, once the last step has joined the history."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
            return -g
        ys, ss, rhos = (state[name] for name in _HISTORY)
        y, s = g - state["prev_flat_grad"], state["d"] * state["t"]
        curvature = float(y @ s)
        if curvature > 1e-10:
            if len(ys) == history_size:
                for history in (ys, ss, rhos):
                    del history[0]
            ys.append(y)
            ss.append(s)
            rhos.append(1.0 / curvature)
            state["H_diag"] = curvature / float(y @ y)

        q = -g
        a = state["al"] = [None] * history_size
        for i in reversed(range(len(ys))):
            a[i] = rhos[i] * float(ss[i] @ q)
            q -= a[i] * ys[i]
        q *= state["H_diag"]
        for y, s, rho, a_i in zip(ys, ss, rhos, a, strict=False):
            q += (a_i - rho * float(y @ q)) * s
        return q

    # One vector of all parameters ---------------------------------------------

    def _gather_grad(self) -> Array:
        for p in self._params:
            expect_matching_grad(p)
        grads = [np.zeros(p.size) if p.grad is None else p.grad for p in self._params]
        return np.concatenate([g.ravel() for g in grads], dtype=self._params[0].dtype)

    def _add(self, t: Any, d: Array) -> None:
        start = 0
        for p in self._params:
            p.data += t * d[start : start + p.size].reshape(p.shape)
            start += p.size

    def _evaluate(
        self, closure: Callable[[], Any], d: Array, t: Any
    ) -> tuple[float, Array]:
        """Return loss and gradient after the step `t` along `d`, and step back."""
        before = [p.data.copy() for p in self._params]
        self._add(t, d)
        loss, g = float(closure()), self._gather_grad()
        for p, data in zip(self._params, before, strict=True):
            p.data[...] = data
        return loss, g

    # Loading ------------------------------------------------------------------

    def load_entry(self, p: Array, entry: Mapping[str, Any], group: Group) -> State:
        names = ["func_evals", "n_iter"] * bool(entry)
        if entry.get("n_iter"):
            names += [*_VECTORS, *_HISTORY, *_SCALARS]
        if missing := [name for name in names if entry.get(name) is None]:
            raise ValueError(f"{', '.join(missing)} missing")
        size = sum(parameter.size for parameter in group["params"])

        def load(name: str, value: Any) -> Any:
            if value is None or name in ("func_evals", "n_iter"):
                return value
            if isinstance(value, list):
                return [load(name, each) for each in value]
            if name in (*_VECTORS, "old_dirs", "old_stps"):
                return expect_numbers(name, value, (size,)).astype(p.dtype)
            return float(expect_numbers(name, value, ()))

        state = {name: load(name, value) for name, value in entry.items()}
        if len({len(state[name]) for name in _HISTORY if name in state}) > 1:
            raise ValueError(f"{', '.join(_HISTORY)} differ in length")
        return state


def _largest(vector: Array) -> float:
    """Return the largest magnitude."""
    return float(np.abs(vector).max(initial=0))
