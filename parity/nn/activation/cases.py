"""The cases that element-wise functions share."""

from __future__ import annotations

from parity.case import Call, Case, call, normal

INF = float("inf")


def elementwise(
    *inits: Call,
    edges: tuple[float, ...] = (0.0,),
    infinite: tuple[float, ...] = (INF, -INF),
    tiny: float = 1e-8,
) -> list[Case]:
    """Return the cases of an element-wise function, for each way to construct it.

    `edges` are the function's kinks and bounds.
    """
    cases = []
    for init in inits or (call(),):
        cases += [
            Case(init, call(normal(4, 5, edges=edges))),
            Case(init, call(normal())),
            Case(init, call(normal(7))),
            Case(init, call(normal(2, 3, 4, 5, edges=edges))),
            Case(init, call(normal(0, 3)), note="empty batch"),
            Case(init, call(normal(4, 5, scale=tiny))),
            Case(init, call(normal(4, 5, scale=30))),
            Case(
                init,
                call(normal(4, 5, scale=1e4)),
                differences=False,
                because="a step of 1e-6 drowns beside 1e4",
            ),
            Case(init, call(normal(4, 5, edges=(*infinite, *edges))), note="bounds"),
        ]
    return cases
