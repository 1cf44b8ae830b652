"""The golden files of GLOM, github.com/RedRyan111/GLOM."""

from latticework.verify.families import Family
from latticework.verify.glom.parts import (
    replay_attention,
    replay_neighbourhood,
    replay_net,
)
from latticework.verify.glom.published import replay_published_weights
from latticework.verify.glom.runs import replay_adam, replay_full_runs, replay_steps

GLOM = Family(
    "glom",
    {
        "mlp.npz": replay_net,
        "neighbourhood.npz": replay_neighbourhood,
        "attention.npz": replay_attention,
        "steps5.npz": replay_steps,
        "full_runs.npz": replay_full_runs,
        "adam3.npz": replay_adam,
        "published_weights.npz": replay_published_weights,
    },
    # The weights' repository has no licence.
    elsewhere=frozenset({"published_weights.npz"}),
)

__all__ = ["GLOM"]
