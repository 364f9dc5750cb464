"""The policy evaluator: pure functions over compiled policies.

policy = compile(text)                                     # once
decision = evaluate(AccessRequest(...), PolicySet(...))    # every time
"""

from .document import MalformedPolicy, Policy, Statement, compile
from .evaluate import evaluate
from .messages import denial_message
from .model import AccessRequest, Decision, PolicySet, PolicyType

__all__ = [
    "AccessRequest",
    "Decision",
    "MalformedPolicy",
    "Policy",
    "PolicySet",
    "PolicyType",
    "Statement",
    "compile",
    "denial_message",
    "evaluate",
]
