"""How parameters change: one file per rule, listed here."""

from latticework.core.registry import Registry
from latticework.core.rule import AbstractRule
from latticework.rules.bptt import Bptt
from latticework.rules.hop_trace import HopTrace
from latticework.rules.learning_signals import (
    SIGNALS,
    AbstractLearningSignal,
    Broadcast,
    Message,
)
from latticework.rules.non_idealities import NonIdealities
from latticework.rules.rtrl import Rtrl
from latticework.rules.stdp import Stdp

RULES: Registry[AbstractRule] = Registry(
    "rule",
    {"bptt": Bptt, "rtrl": Rtrl, "hop_trace": HopTrace},
    examples={
        "hop_trace": (
            HopTrace(hops=0),
            HopTrace(hops=1),
            HopTrace(hops=2),
            HopTrace(hops=99),
            HopTrace(signal=Broadcast()),
        ),
    },
)

RULE_ALIASES: dict[str, AbstractRule] = {"snap1": HopTrace(hops=1)}
"""Names that published work uses for an instance of a rule."""

__all__ = [
    "RULES",
    "RULE_ALIASES",
    "SIGNALS",
    "AbstractLearningSignal",
    "Bptt",
    "Broadcast",
    "HopTrace",
    "Message",
    "NonIdealities",
    "Rtrl",
    "Stdp",
]
