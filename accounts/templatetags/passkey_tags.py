"""The form that asks the browser for a passkey."""

from __future__ import annotations

from typing import Any

from django import template

from accounts import passkeys

register = template.Library()


@register.inclusion_tag("mfa/webauthn/_use.html", takes_context=True)
def passkey_form(
    context: dict[str, Any], kind: str, action: str, label: str, *, form: Any = None,
    ask: str = "", look: str = ""
) -> dict[str, Any]:  # fmt: skip
    """A form to `create` or `get` a passkey, which is sent to `action`; options stand in the page
    as `js_data`, or are asked for at `ask`. Where no passkey can be used, the sentence that says
    why."""
    obstacle, elsewhere = passkeys.obstacle(context["request"])
    carried = ("csrf_token", "js_data", "redirect_field_name", "redirect_field_value")
    return {
        **{name: context.get(name) for name in carried},
        "kind": kind, "action": action, "label": label, "form": form, "ask": ask, "look": look,
        "obstacle": obstacle, "elsewhere": elsewhere,
    }  # fmt: skip
