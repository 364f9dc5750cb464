"""Who reaches whom.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
"""

from __future__ import annotations

from typing import Any

from fogbank.network.reach import End, Flow, local, verdict
from fogbank.network.records import AclEntry, GroupRule, Route

COMMON: dict[str, Any] = {"account": "1", "region": "r", "id": "sgr", "created": 0.0}
OUT = GroupRule(**COMMON, group="a", egress=True, protocol="-1", cidr="0.0.0.0/0")
DATABASE = Flow("10.0.0.5", "10.0.1.9", "tcp", 5432)


def let_in(**more: Any) -> GroupRule:
    rule = {"group": "b", "egress": False, "protocol": "tcp", "first": 5432, "last": 5432}
    return GroupRule(**COMMON, **(rule | more))


def entry(number: int, egress: bool, action: str, **more: Any) -> AclEntry:
    rule = {"protocol": "-1", "cidr": "0.0.0.0/0"} | more
    return AclEntry(number=number, egress=egress, action=action, **rule)


def test_groups() -> None:
    web = End(groups=("web",), rules=(OUT,))
    assert verdict(DATABASE, web, End(rules=(let_in(cidr="10.0.0.0/24"),))).arrives
    assert verdict(DATABASE, web, End(rules=(let_in(peer="web"),))).arrives
    assert verdict(DATABASE, web, End(rules=(let_in(peer="other"),))).stopped == "security group of the target"
    assert not verdict(DATABASE, web, End(rules=(let_in(cidr="10.0.0.0/24", protocol="udp"),))).arrives
    assert not verdict(DATABASE, web, End(rules=(let_in(cidr="10.0.0.0/24", last=5000, first=80),))).arrives
    assert verdict(DATABASE, End(rules=()), End()).stopped == "security group of the source"
    assert verdict(DATABASE, End(), End()).arrives


def test_acls_are_stateless() -> None:
    both = (entry(100, True, "allow"), entry(100, False, "allow"))
    assert verdict(DATABASE, End(), End(entries=both)).arrives
    only_in = (entry(100, False, "allow"), entry(32767, True, "deny"))
    assert verdict(DATABASE, End(), End(entries=only_in)).stopped == "network ACL of the target, on the way back"
    first = (entry(90, False, "deny", protocol="6", ports=(5432, 5432)), *both)
    assert verdict(DATABASE, End(), End(entries=first)).stopped == "network ACL of the target"
    answers = (entry(100, False, "allow"), entry(100, True, "allow", protocol="6", ports=(1024, 65535)))
    assert verdict(DATABASE, End(), End(entries=answers)).arrives


def test_routes() -> None:
    inside = Route(destination="10.0.0.0/16", target="local")
    everywhere = Route(destination="0.0.0.0/0", target="igw-1")
    assert verdict(DATABASE, End(routes=(inside,)), End()).arrives
    assert local(DATABASE, End(routes=(everywhere, inside)))
    abroad = Flow("10.0.0.5", "198.18.0.1", "tcp", 443)
    assert verdict(abroad, End(routes=(inside,)), End()).stopped == "route of the source"
    assert verdict(abroad, End(routes=(inside, everywhere)), End()).arrives
    assert not local(abroad, End(routes=(inside, everywhere)))
