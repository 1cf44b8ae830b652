"""What every instance of every axis must be: frozen, comparable, hashable, plain."""

import dataclasses
import json
from dataclasses import dataclass, field

import pytest

from latticework.cells import CELLS
from latticework.core.registry import Registry
from latticework.readouts import READOUTS
from latticework.rules import RULE_ALIASES, RULES, SIGNALS
from latticework.schedules import SCHEDULES
from latticework.topologies import TOPOLOGIES
from support.instances import instances, values

REGISTRIES: list[Registry] = [CELLS, READOUTS, RULES, SCHEDULES, SIGNALS, TOPOLOGIES]
EVERYTHING = [param for registry in REGISTRIES for param in instances(registry)]


def check_plain(instance) -> None:
    assert dataclasses.is_dataclass(instance)
    twin = dataclasses.replace(instance)
    assert twin == instance
    assert hash(twin) == hash(instance)
    assert twin is not instance
    for item in dataclasses.fields(instance):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(instance, item.name, None)
        value = getattr(instance, item.name)
        if dataclasses.is_dataclass(value):
            check_plain(value)
        else:
            json.dumps(value, allow_nan=False)


@pytest.mark.parametrize("instance", EVERYTHING)
def test_is_plain(instance):
    check_plain(instance)


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.axis)
def test_names_lead_to_instances_and_back(registry):
    for name in registry:
        for instance in registry.examples_of(name):
            assert registry.name_of(instance) == name
            assert type(instance) is registry[name]
    assert set(registry.examples) <= set(registry.entries), "examples of something not listed"


def test_aliases_are_instances_of_registered_rules():
    for alias, rule in RULE_ALIASES.items():
        assert RULES.name_of(rule) in RULES.entries
        assert alias not in RULES.entries


@dataclass
class Mutable:
    size: int = 1


@dataclass(frozen=True)
class HoldsAList:
    sizes: list = field(default_factory=list)


@dataclass(frozen=True)
class HoldsAnObject:
    what: object = field(default_factory=object)


@pytest.mark.parametrize("broken", [Mutable(), HoldsAList(), HoldsAnObject()])
def test_what_is_not_plain_is_caught(broken):
    with pytest.raises((AssertionError, TypeError, pytest.fail.Exception)):
        check_plain(broken)


def test_every_example_is_listed_once():
    for registry in REGISTRIES:
        listed = values(instances(registry))
        assert len(listed) == len(set(listed))
