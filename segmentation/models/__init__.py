"""The tables: accounts, facts, replicas, requests, segments, work. Importing this registers them all."""

from segmentation.models.accounts import ApiToken, Invite, Membership, Session, SignInFailures, Store, User
from segmentation.models.facts import (
    Attribute,
    Customer,
    CustomerAttribute,
    CustomerTag,
    Order,
    OrderLine,
    Tombstone,
)
from segmentation.models.replicas import Replica
from segmentation.models.requests import AnsweredRequest
from segmentation.models.segments import Segment, SegmentRevision
from segmentation.models.work import AuditEvent, Job

__all__ = [
    "AnsweredRequest",
    "ApiToken",
    "Attribute",
    "AuditEvent",
    "Customer",
    "CustomerAttribute",
    "CustomerTag",
    "Invite",
    "Job",
    "Membership",
    "Order",
    "OrderLine",
    "Replica",
    "Segment",
    "SegmentRevision",
    "Session",
    "SignInFailures",
    "Store",
    "Tombstone",
    "User",
]
