from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import send_mail
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone

from accounts.actions import reset_second_factor
from accounts.models import User


class Command(BaseCommand):
    help = (
        "Take the lost second factor of an account away, so that a new one can be set up. "
        "Recorded, and mailed to the account."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", help="pseudonym or e-mail address of who lost it")
        parser.add_argument(
            "--as",
            dest="operator",
            required=True,
            help="pseudonym or e-mail address of the operator, another person",
        )
        parser.add_argument(
            "--reason", required=True, help="why, and how it was made sure who asks; not public"
        )

    def handle(self, *args: Any, account: str, operator: str, reason: str, **options: Any) -> None:
        user, by = _account(account), _account(operator)
        try:
            reset_second_factor(by=by, user=user, reason=reason, now=timezone.now())
        except PermissionDenied as error:
            raise CommandError(str(error)) from None
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(f"{user.pseudonym} can set up a new second factor after signing in")
        send_mail(
            "Your second factor was reset · 两步验证已重置",
            "An operator of AsClaimed removed the authenticator app of your "
            "account. Sign in and set up a new one now. If you did not ask for "
            "this, answer this mail at once.\n\n"
            "言实录的运营人员移除了您账户的身份验证器。请立即登录并重新设置。"
            "如非本人要求，请立即回复本邮件。\n",
            None,
            [user.email],
        )


def _account(name: str) -> User:
    user = User.objects.filter(Q(pseudonym=name) | Q(email=name.lower()), is_active=True).first()
    if user is None:
        raise CommandError(f"there is no open account called {name}")
    return user
