"""How one case is run on each side: by scratchnet, by the twin, by stock torch.

Each module here has the same functions. ``draw`` turns the case's descriptions into
arrays; ``run_numpy``, ``run_twin`` and ``run_stock`` return what that side produced
as named arrays, of which the engine knows nothing but the names.
"""
