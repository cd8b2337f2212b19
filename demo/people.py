"""Who plays in the demonstration, and how they sign in. Every person is invented; passwords are
made up at the first start.

This module knows no Django, because the supervisor prints the logins before anything else is
loaded. `case` makes the accounts.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_DOMAIN: Final = "demo.example"


@dataclass(frozen=True)
class Person:
    """One account: a short name, what to call it where it is printed, its organisation (a key of
    ORGANISATIONS) and roles."""

    name: str
    called: str
    organisation: str
    roles: tuple[str, ...]

    @property
    def email(self) -> str:
        return f"{self.name}@{_DOMAIN}"


#: By key: kind and name.
ORGANISATIONS: Final = {
    "operator": ("operator", "言实录演示运营方 / Operator of this demonstration"),
    "group-a": ("consumer_group", "前舱盖车主互助组 / Hood owners’ group"),
    "group-b": ("consumer_group", "城东消费者小组 / East side consumers"),
    "laboratory": ("laboratory", "流体测量实验室 / Flow measurement laboratory"),
    "newsroom": ("newsroom", "核查编辑部 / Fact desk"),
    "company": ("company", "远岫汽车（虚构） / Yuanxiu Motors (fictional)"),
}
PEOPLE: Final = (
    Person("operator", "operator", "operator", ("operator",)),
    Person("moderator", "moderator", "operator", ("moderator",)),
    Person("moderator2", "second moderator", "operator", ("moderator",)),
    Person("adjudicator", "adjudicator", "operator", ("adjudicator",)),
    Person("adjudicator2", "second adjudicator", "operator", ("adjudicator",)),
    Person("auditor", "auditor", "operator", ("auditor",)),
    Person("owner-a", "filer (owners’ group)", "group-a", ("contributor", "filer")),
    Person("owner-b", "filer (second group)", "group-b", ("contributor", "filer")),
    Person("owner-c", "contributor (laboratory)", "laboratory", ("contributor",)),
    Person("newsroom", "newsroom", "newsroom", ("contributor",)),
    Person("company", "company representative", "company", ("company_representative",)),
)


def logins(path: Path) -> list[dict[str, str]]:
    """Role, e-mail and password of each person, from `path`; those that are missing there are made
    up and kept, for its owner alone."""
    try:
        kept: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        kept = {}
    passwords = {
        person.email: kept.get(person.email) or secrets.token_urlsafe(12) for person in PEOPLE
    }
    if passwords != kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(passwords, file, indent=1)
        draft.replace(path)
    return [
        {"role": person.called, "email": person.email, "password": passwords[person.email]}
        for person in PEOPLE
    ]
