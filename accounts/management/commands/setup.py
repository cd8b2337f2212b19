from __future__ import annotations

import sys
from typing import Any
from urllib.parse import urlsplit

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse
from django.utils import timezone

from accounts.actions.installation import SetUpRefusedError, check_address, check_is_new, set_up
from accounts.mails import at_site
from accounts.models import User

VERDICT_TAKES = (
    "A verdict takes four people besides whoever submits the evidence: a moderator, two "
    "adjudicators, and an operator, who gives them their roles. An auditor from outside is the "
    "fifth that readers will ask for."
)


class Command(BaseCommand):
    help = (
        "Set up a new installation: its first two operators at once, each with an address to "
        "choose a password at. Asks for what is not given."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--operator", metavar="E-MAIL", help="of the first operator")
        parser.add_argument("--second", metavar="E-MAIL", help="of the second, another person")
        parser.add_argument(
            "--alone", action="store_true", help="there is no second person; the public log says so"
        )
        parser.add_argument(
            "--name", help="of the operators' organisation (otherwise the host of SITE_URL)"
        )
        parser.add_argument(
            "--mail",
            action="store_true",
            help="mail the addresses to their people instead of printing them; each confirms "
            "the mailbox when they first sign in",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            users = self._set_up(options)
        except SetUpRefusedError as error:
            raise CommandError(str(error)) from None
        for user in users:
            self._hand_over(user, mailed=options["mail"])
        self._tell_what_comes(users)

    def _set_up(self, options: dict[str, Any]) -> list[User]:
        check_is_new()
        if options["second"] and options["alone"]:
            raise SetUpRefusedError(
                "--second and --alone contradict each other. Nothing was changed. Leave one out."
            )
        emails = [_asked(options["operator"], "E-mail address of the first operator: ")]
        check_address(emails[0])
        if not options["alone"]:
            question = "E-mail address of the second operator, another person: "
            emails.append(_asked(options["second"], question))
        host = urlsplit(settings.SITE_URL).hostname or "AsClaimed"
        name = options["name"]
        if name is None and sys.stdin.isatty():
            name = input(f"Name of the operators' organisation [{host}]: ")
        return set_up(
            emails=emails,
            organisation=host if name is None or name == "" else name,
            is_proven=not options["mail"],
            now=timezone.now(),
        )

    def _hand_over(self, user: User, *, mailed: bool) -> None:
        address = password_address(user)
        if mailed and _is_mailed(user, address):
            self.stdout.write(f"{user.email} ({user.pseudonym}): the address was mailed.\n")
            return
        if mailed:
            self.stdout.write(f"{user.email}: the mail could not be sent, so hand this over.")
        self.stdout.write(
            f"{user.email} ({user.pseudonym}) chooses a password at this address, once:\n"
            f"  {address}\n"
        )

    def _tell_what_comes(self, users: list[User]) -> None:
        site = settings.SITE_URL.rstrip("/")
        if len(users) == 1:
            self.stdout.write(
                "One person runs this installation. The public log says so, until a second "
                "operator or an auditor holds a role.\n"
            )
        self.stdout.write(
            f"{VERDICT_TAKES}\n\n"
            "Next, each operator:\n"
            "  1. chooses a password at the address above, within "
            f"{settings.PASSWORD_RESET_TIMEOUT // 86400} days; later\n"
            f"     {site}{reverse('account_reset_password')} mails another;\n"
            f"  2. signs in and sets up the second factor: {site}/account/second-factor/\n"
            "  3. gives the others their roles, from "
            f"{site}{reverse('accounts:account')}"
        )


def password_address(user: User) -> str:
    """The address on SITE_URL where this account chooses a password, once: the same as the mail
    for a forgotten one has."""
    key = default_token_generator.make_token(user)
    return at_site(
        reverse(
            "account_reset_password_from_key",
            kwargs={"uidb36": user_pk_to_url_str(user), "key": key},
        )
    )


def _asked(given: str | None, question: str) -> str:
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise SetUpRefusedError(
            "Nobody is here to be asked. Nothing was changed. Give --operator and --second, or "
            "--alone instead of --second if there is no second person."
        )
    answer = input(question).strip()
    if not answer:
        raise SetUpRefusedError(
            "No address was given. Nothing was changed. If there is no second person, say "
            "--alone: the public log will say so too."
        )
    return answer


def _is_mailed(user: User, address: str) -> bool:
    try:
        send_mail(
            "Choose your password as an operator · 请设置运营人员账户的密码",
            "You are an operator of a new installation of AsClaimed. Choose your password here. "
            f"The address works once:\n\n{address}\n\n"
            "您是言实录新站点的运营人员。请在以下地址设置密码，地址只能使用一次：\n\n"
            f"{address}\n",
            None,
            [user.email],
        )
    except OSError:  # smtplib's errors are among them
        return False
    return True
