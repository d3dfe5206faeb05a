"""The tables. Their rules live in the modules named after them."""

from .consents import ConsentRecord, Purpose, Suppression, SuppressionReason
from .lists import Frequency, List, Subscription, SubscriptionState
from .people import (
    Child,
    ChildMark,
    Household,
    Organization,
    OwnField,
    Part,
    Participation,
    Role,
    School,
    Subscriber,
    SubscriberRole,
    SubscriberTag,
    Tag,
    Told,
)
from .records import ImportRun, RollOverRun, Segment, SignUpCount, SignUpKind

__all__ = [
    "Child",
    "ChildMark",
    "ConsentRecord",
    "Frequency",
    "Household",
    "ImportRun",
    "List",
    "Organization",
    "OwnField",
    "Part",
    "Participation",
    "Purpose",
    "Role",
    "RollOverRun",
    "School",
    "Segment",
    "SignUpCount",
    "SignUpKind",
    "Subscriber",
    "SubscriberRole",
    "SubscriberTag",
    "Subscription",
    "SubscriptionState",
    "Suppression",
    "SuppressionReason",
    "Tag",
    "Told",
]
