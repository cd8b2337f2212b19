"""What the page says while it checks a bundle in the browser: the steps, and a sentence for every
way in which one can end.

The checking itself is JavaScript (ledger/static/ledger/verify/): it knows codes, this module their
words, the page carries them over in both languages. A test holds the codes of both against each
other, and another the English against `python -m ledger.verify`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: The steps in their order: what is asked, and what that keeps out.
STEPS: Final[Mapping[str, tuple[str | Promise, str | Promise]]] = {
    "form": (
        _("Is the file a proof bundle, byte for byte?"),
        _(
            "Only one spelling is valid. An unknown or repeated member, an extra space or "
            "another order is rejected."
        ),
    ),
    "key": (
        _("Is its key a public key, and the one you entered?"),
        _("If you enter a public key below, it must be this one."),
    ),
    "leaf": (
        _("Is the log entry well-formed?"),
        _(
            "The log entry (leaf) says what happened to which object, when, and in which role "
            "someone acted."
        ),
    ),
    "document": (
        _("Is the published document the one that was logged?"),
        _("We compute its SHA-256 hash here and compare it with the one in the leaf."),
    ),
    "openings": (
        _("Are these the texts that were logged?"),
        _(
            "The leaf has a commitment to each text (HMAC-SHA256 under a random key). We compute "
            "it again from the texts in the bundle."
        ),
    ),
    "checkpoint": (
        _("Is the checkpoint signed with that key?"),
        _("A checkpoint is the size of the log and one hash over all of it, signed with Ed25519."),
    ),
    "inclusion": (
        _("Is the entry in the log of that checkpoint?"),
        _(
            "Starting from the hash of the leaf, the hashes of the proof must lead to the root "
            "in the checkpoint."
        ),
    ),
}

#: What a step found when it passed.
PASSED: Final[Mapping[str, str | Promise]] = {
    "form": _("{bytes} bytes in the one valid spelling, with the {members} members of a bundle."),
    "key": _("It is the public key of {name}. You entered none to compare it with."),
    "key-given": _("It is the public key you entered: {name}."),
    "leaf": _("{what}. {at}, {role} {name}; object {object}."),
    "document": _("SHA-256 {digest}, as in the leaf."),
    "document-none": _("This entry publishes no document, and the bundle has none."),
    "openings": _(
        "{opened} of {commits} committed texts are disclosed, and each is the one that was logged."
    ),
    "openings-none": _("This entry has no committed text."),
    "checkpoint": _(
        "The log {origin} with {size} entries, root {root}: signed with the key above."
    ),
    "inclusion": _("{hashes} hashes lead from entry {index} to the root over {size} entries."),
}

#: Why a bundle is refused.
REFUSALS: Final[Mapping[str, str | Promise]] = {
    "too-large": _("The bundle is larger than {limit} bytes."),
    "not-utf8": _("The bytes are not UTF-8."),
    "not-json": _("The text is not JSON (at character {at})."),
    "repeated-member": _("An object has the member “{name}” twice."),
    "not-an-integer": _("The number {number} is not an integer in its plain form."),
    "integer-too-large": _("An integer is outside ±(2^53 − 1)."),
    "lone-surrogate": _("A text contains half a character (a lone surrogate)."),
    "too-deep": _("The JSON is nested too deeply."),
    "not-canonical": _("The JSON is not in canonical form (RFC 8785), byte for byte."),
    "bundle-members": _("The bundle does not have exactly the members of a bundle."),
    "bundle-format": _("The format of the bundle is not {format}."),
    "opening-malformed": _(
        "The opening of “{name}” is not a key of 64 hexadecimal digits and a value."
    ),
    "key-malformed": _("The key in the bundle is not a public key."),
    "key-other": _("The key in the bundle is not the public key you entered."),
    "key-small-order": _(
        "The key is of small order: anyone can sign with it, so its signatures prove nothing."
    ),
    "key-type": _("The key of a log is an Ed25519 key (type 0x01)."),
    "leaf-too-long": _("The leaf is longer than 65,535 bytes."),
    "leaf-members": _("The leaf does not have exactly the members of a leaf."),
    "leaf-version": _("The version of the leaf is not 2."),
    "leaf-kind": _("The kind of the leaf is not lowercase words joined by dots."),
    "leaf-object": _("The object of the leaf is not of the form name/id."),
    "leaf-time": _("The time of the leaf is not a moment of the form YYYY-MM-DDTHH:MM:SS.ffffffZ."),
    "leaf-actor": _("The actor of the leaf is not a role and a name."),
    "leaf-fields": _("The fields and commitments of the leaf do not have the required form."),
    "leaf-document": _("The hash of the document is not 64 lowercase hexadecimal digits."),
    "document-missing": _("The leaf has the hash of a document, but the bundle has no document."),
    "document-unknown": _("The bundle has a document that its leaf does not mention."),
    "document-other": _("The document is not the one whose hash is in the leaf."),
    "opening-unknown": _("The opening of “{name}” has no commitment in the leaf."),
    "opening-other": _("The value of “{name}” is not the one committed to in the leaf."),
    "proof-malformed": _("The proof is not a proof file of the form c2sp.org/tlog-proof@v1."),
    "note-malformed": _("The checkpoint is not a signed note."),
    "not-signed": _("The checkpoint is not signed with the key used to verify it."),
    "signature-wrong": _("The signature by {name} is wrong."),
    "checkpoint-lines": _("A checkpoint has exactly three lines: origin, size and root."),
    "checkpoint-size": _(
        "The size of the checkpoint is not a plain decimal number of at most 63 bits."
    ),
    "checkpoint-root": _("The root of the checkpoint is not 32 bytes in base64."),
    "checkpoint-origin": _("The origin of the checkpoint is not a name."),
    "checkpoint-other-log": _("The checkpoint is signed with the right key, but for another log."),
    "no-such-entry": _("There is no entry {index} in a log of {size}."),
    "proof-length": _("The proof has {found} hashes where entry {index} of {size} needs {needed}."),
    "proof-leads-elsewhere": _("The proof does not lead from the entry to the root."),
}

#: Why nothing could be said.
UNABLE: Final[Mapping[str, str | Promise]] = {
    "no-ed25519": _(
        "This browser cannot verify Ed25519 signatures (WebCrypto). The steps before it pass; "
        "use the command below for the rest."
    ),
    "no-webcrypto": _(
        "This browser offers WebCrypto only over HTTPS, or not at all. Use the command below."
    ),
    "unexpected": _(
        "The verification stopped at something this browser cannot do. Use the command below."
    ),
    "key-given-malformed": _(
        "What you entered is not a public key. It begins with the name of the log and a plus sign."
    ),
    "not-fetched": _(
        "We could not load the bundle. Save it when you are online again, and choose the file here."
    ),
    "not-read": _("The file could not be read."),
    "too-many": _("Choose a single file: one bundle at a time."),
}

#: How it ended.
ENDS: Final[Mapping[str, str | Promise]] = {
    "checking": _("Checking…"),
    "holds": _("Verified: all {n} checks passed."),
    "holds-key": _("Every byte is as it was logged, under the public key you entered."),
    "consistent": _("Consistent with the key inside it. Not checked against AsClaimed’s key."),
    "consistent-key": _(
        "Anyone can make such a file with a key of their own. Enter AsClaimed’s public key, from "
        "a source you trust, and verify again."
    ),
    "refused": _("Verification failed"),
    "unable": _("This could not be verified here."),
    "step-passed": _("passes"),
    "step-failed": _("fails"),
    "step-unchecked": _("not compared"),
    "step-skipped": _("not reached"),
    "step-unable": _("cannot be verified here"),
    "pasted": _("pasted text"),
    "closed": _("Not disclosed: {names}."),
}


def groups() -> dict[str, Mapping[str, str | Promise]]:
    """All words of the page that only its script shows, by group."""
    return {"passed": PASSED, "refused": REFUSALS, "unable": UNABLE, "end": ENDS}
