"""The golden files of GLOM, github.com/RedRyan111/GLOM."""

from latticework.verify.families import Family, Layout
from latticework.verify.glom.parts import (
    replay_attention,
    replay_neighbourhood,
    replay_net,
)
from latticework.verify.glom.published import replay_published_weights
from latticework.verify.glom.runs import replay_adam, replay_full_runs, replay_steps

_NET = Layout("net", ("Q", "K", "V"), replay_net)
_NEIGHBOURHOOD = Layout("neighbourhood", ("roll_shifts", "concat"), replay_neighbourhood)
_ATTENTION = Layout("attention", ("tri", "dots"), replay_attention)
_STEPS = Layout("steps", ("state0", "delta0", "states"), replay_steps)
_RUNS = Layout("whole runs", ("s*_before_final", "s*_vote"), replay_full_runs)
_ADAM = Layout("steps of Adam", ("noise", "p0_*", "p3_*"), replay_adam)
_WEIGHTS = Layout(
    "published weights", ("vote_counts_*", "final_top_first*"), replay_published_weights
)

GLOM = Family(
    "glom",
    {
        "mlp.npz": _NET,
        "neighbourhood.npz": _NEIGHBOURHOOD,
        "attention.npz": _ATTENTION,
        "steps5.npz": _STEPS,
        "full_runs.npz": _RUNS,
        "adam3.npz": _ADAM,
        "published_weights.npz": _WEIGHTS,
    },
    # The weights' repository has no licence.
    elsewhere=frozenset({"published_weights.npz"}),
)

__all__ = ["GLOM"]
