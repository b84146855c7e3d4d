"""Segments that rules refer to: how they are found, and how far references may go."""

from __future__ import annotations

import uuid
from typing import Protocol

from segmentation import limits
from segmentation.errors import Problem
from segmentation.rules.kinds import Fault
from segmentation.rules.tree import Group, Reference, conditions_of, reference_depth, references_of
from segmentation.translations import Filled


class Segments(Protocol):
    """The other segments of a store."""

    def find(self, segment_id: uuid.UUID) -> Reference:
        """The segment with its rules as they are now. Raises kinds.Fault when it cannot be referred to."""


class _NoSegments:
    """For rules that stand alone."""

    def find(self, segment_id: uuid.UUID) -> Reference:
        """There are none."""
        raise Fault("unknown_segment", "There is no such segment.")


NO_SEGMENTS: Segments = _NoSegments()


def check_references(tree: Group, path: str) -> Problem | None:
    """What is wrong with how far, or to how much, the tree refers."""
    if reference_depth(tree) > limits.REFERENCE_DEPTH:
        return too_deep(path)
    if len(_referred(tree)) > limits.REFERRED_SEGMENTS:
        message = Filled("A rule may lead to {most} segments.", most=limits.REFERRED_SEGMENTS)
        return Problem(path, "too_many_segments", message, tree.id)
    if size(tree) > limits.REFERRED_CONDITIONS:
        message = Filled("With the segments it leads to, a rule may have {most} conditions.",
                         most=limits.REFERRED_CONDITIONS)
        return Problem(path, "too_many_conditions", message, tree.id)
    return None


def size(tree: Group) -> int:
    """How many conditions the tree has, with those of every segment that it leads to."""
    return sum(1 for each in (tree, *_referred(tree)) for _ in conditions_of(each))


def too_deep(path: str) -> Problem:
    """References go further than they may."""
    message = Filled("Segments may refer to one another {depth} deep.", depth=limits.REFERENCE_DEPTH)
    return Problem(path, "references_too_deep", message)


def _referred(tree: Group) -> list[Group]:
    """The rules of every segment that the tree leads to, each once."""
    found: dict[uuid.UUID, Reference] = {}
    waiting = list(references_of(tree).values())
    while waiting:
        reference = waiting.pop()
        if reference.id not in found:
            found[reference.id] = reference
            waiting += references_of(reference.tree).values()
    return [reference.tree for reference in found.values()]
