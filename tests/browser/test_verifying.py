"""Checking bundles in the browser: by the page, and the module alone against `ledger.verify` on
thousands of mutants."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from ledger import canonical
from ledger.bundle import Bundle, BundleError, Opening
from ledger.checkpoint import open_checkpoint
from ledger.leaf import Leaf, commit
from ledger.note import COSIGNATURE, SigningKey, VerifierKey, cosign
from ledger.proof import format_proof, parse_proof
from ledger.sequencing import sequence
from reports.documents.report_files import bundle_of
from tests import scenes
from tests.browser.conftest import Visitor
from tests.ledger.logs import KEY, OTHER_KEY
from tests.ledger.small_order import SMALL_ORDER, forged
from tests.ledger.test_bundle import DOCUMENT, FILE, OPENINGS, leaf_with_document, parts

# one browser
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("verifying"),
]

STEPS = ["form", "key", "leaf", "document", "openings", "checkpoint", "inclusion"]

OWN_KEY = "Consistent with the key inside it. Not checked against AsClaimed’s key."

NAMES = (
    "",
    " a",
    "a ",
    "\ufeffa",
    "a\u0085b",
    "a\u00a0",
    "a\u2028b",
    "鹭 1",
    "a" * 101,
    "𠮷" * 100,
)

#: Runs the module over many files in the page: the step at which each is refused, "" if it holds.
RUN = """async ([address, files, key]) => {
  const { check, Refused } = await import(address);
  const ends = [];
  for (const file of files) {
    const bytes = Uint8Array.from(atob(file), (character) => character.charCodeAt(0));
    try {
      await check(bytes, { key });
      ends.push("");
    } catch (error) {
      ends.push(error instanceof Refused ? error.step : `not a refusal: ${error}`);
    }
  }
  return ends;
}"""


def in_python(data: bytes, key: VerifierKey | None = None) -> str:
    """The step at which `ledger` refuses a file, "" if it holds."""
    try:
        bundle = Bundle.parse(data)
    except BundleError:
        return "form"
    try:
        bundle.check(key)
    except BundleError:
        for step, passes in {
            "key": lambda: key in (None, VerifierKey.parse(bundle.key)) or int("another key"),
            "leaf": lambda: Leaf.parse(bundle.leaf),
            "document": lambda: bundle._check_document(Leaf.parse(bundle.leaf)),
            "openings": lambda: bundle._check_openings(Leaf.parse(bundle.leaf)),
            "checkpoint": lambda: open_checkpoint(
                parse_proof(bundle.proof).checkpoint, VerifierKey.parse(bundle.key)
            ),
        }.items():
            try:
                passes()
            except ValueError:
                return step
        return "inclusion"
    return ""


def in_browser(page: Page, files: list[bytes], key: VerifierKey | None = None) -> list[str]:
    encoded = [base64.b64encode(file).decode() for file in files]
    found: list[str] = page.evaluate(
        RUN, ["/static/ledger/verify.js", encoded, None if key is None else str(key)]
    )
    return found


def mutants_of_the_file() -> Iterator[bytes]:
    """Each byte changed in three ways, lost, and doubled."""
    for at in range(len(FILE)):
        for mask in (0x01, 0x20, 0x80):
            yield FILE[:at] + bytes([FILE[at] ^ mask]) + FILE[at + 1 :]
        yield FILE[:at] + FILE[at + 1 :]
        yield FILE[: at + 1] + FILE[at:]


def mutants_of_the_parts() -> Iterator[bytes]:
    """Each character of leaf, proof (with the checkpoint), key, document and openings changed, in a
    file that is canonical again."""
    value = json.loads(FILE)

    def everywhere(text: str) -> Iterator[str]:
        for at, character in enumerate(text):
            yield text[:at] + chr(ord(character) ^ 1) + text[at + 1 :]
            yield text[:at] + ("x" if character == "0" else "0") + text[at + 1 :]

    for name in ("leaf", "proof", "key"):
        for changed in everywhere(value[name]):
            yield canonical.canonical({**value, name: changed})
    for name in ("document", "openings"):
        for changed in everywhere(canonical.canonical(value[name]).decode()):
            try:
                yield canonical.canonical({**value, name: json.loads(changed)})
            except (ValueError, AttributeError):
                continue  # no JSON, or none with a canonical form: the other mutants have that


def oddities() -> Iterator[bytes]:
    """What JSON readers are known to differ on, and forms that look right."""
    text, value = FILE.decode(), json.loads(FILE)
    yield FILE + b"\n"
    for more in (b"\n\n", b" ", b"\r\n", b"\x00"):
        yield FILE + more
    yield b"\xef\xbb\xbf" + FILE
    yield b"\n" + FILE
    yield from (
        b"",
        b"\n",
        b"{}",
        b"[]",
        b"null",
        b'"x"',
        b"1",
        b"NaN",
        b"-0",
        b"[" * 5000,
        b"\xff",
        b"\xed\xa0\x80",
    )
    yield json.dumps(value).encode()
    yield text.replace('"format":', '"format":"asclaimed-bundle@v1","format":', 1).encode()
    yield text.replace('"openings":', '"openings":{},"openings":', 1).encode()
    yield text.replace('"rating":', '"rating":"delivered","rating":', 1).encode()
    for number in (
        "3.0",
        "3e0",
        "-0",
        "03",
        "+3",
        "9007199254740993",
        "9007199254740991",
        "1" * 30,
        "Infinity",
        "0x3",
    ):
        yield text.replace('"units":3', f'"units":{number}', 1).encode()
    yield text.replace("风", "\\u98ce", 1).encode()
    yield text.replace("风", "\\ud800", 1).encode()
    yield text.replace("风", "\U0001f300", 1).encode()
    yield text.replace("/", "\\/", 1).encode()
    for changes in (
        {"extra": 1}, {"__proto__": 1}, {"constructor": {}}, {"document": None}, {"document": []},
        {"openings": None}, {"openings": []},
        {"openings": {"summary": None}}, {"openings": {"summary": {"key": "0" * 64}}},
        {"openings": {"__proto__": {"key": "0" * 64, "value": 1}}},
        {"openings": {}}, {"leaf": None}, {"proof": 1}, {"key": ["x"]},
        {"format": "asclaimed-bundle@v2"}, {"key": ""}, {"key": "a+b+c"},
        {"proof": ""}, {"leaf": ""}, {"leaf": "{}"},
    ):  # fmt: skip
        yield canonical.canonical({**value, **changes})
    for name in value:
        yield canonical.canonical({one: member for one, member in value.items() if one != name})
    deep: Any = 1
    for _ in range(62):
        deep = [deep]
    yield canonical.canonical({**value, "document": {"deep": deep}})
    yield b'{"document":' + b"[" * 70 + b"]" * 70 + b"}"
    leaf = json.loads(value["leaf"])
    for changes in (
        {"v": 2}, {"v": True}, {"v": "1"}, {"kind": "Verdict"}, {"kind": "a.b.c.d.e"}, {"kind": 1},
        {"object": "a/1"}, {"object": "a.b/01"},
        {"at": "2025-02-29T00:00:00.000000Z"}, {"at": "0000-01-01T00:00:00.000000Z"},
        {"at": "2024-02-29T23:59:59.999999Z"},
        {"at": "2025-01-01T24:00:00.000000Z"}, {"at": "2025-01-01T00:00:60.000000Z"}, {"at": None},
        {"actor": {"role": "x"}},
        *({"actor": {"role": "x", "name": name}} for name in NAMES),
        {"fields": []}, {"commits": {"summary": "0"}}, {"fields": {"summary": 1}},
        {"fields": {"Ä": 1}}, {"document": None},
        {"document": "0"}, {"document": "0" * 64}, {"more": 1},
    ):  # fmt: skip
        yield canonical.canonical(
            {**value, "leaf": canonical.canonical({**leaf, **changes}).decode()}
        )
    head, _, note = value["proof"].partition("\n\n")
    for proof in (
        head, head + "\n\n", f"{head}\n\n{note}\n", f"{head}\r\n\n{note}",
        f"{head}\n{'A' * 43}=\n\n{note}", f"{head}\n\n\n{note}",
        "\n".join(head.split("\n")[:-1]) + "\n\n" + note,
        head.replace("index 1", "index 01") + "\n\n" + note,
        head.replace("index 13", "index 9223372036854775807") + "\n\n" + note,
        head.replace("index 13", "index 9999999999999999999") + "\n\n" + note,
        f"{head}\n\n{note}{note.splitlines()[-1]}\n",
        f"{head}\n\n{note}— other.example/log AAAAAAAA\n", f"{head}\n\n{note}— other AAAA\n",
        f"{head}\n\n{cosign(note, SigningKey.generate('witness.example', COSIGNATURE), time=1)}",
        f"{head}\n\n{cosign(note, OTHER_KEY)}",
        f"{head}\n\n{note.replace('— ', '- ')}", f"{head}\n\n{note.replace('=', '')}",
    ):  # fmt: skip
        yield canonical.canonical({**value, "proof": proof})
    yield canonical.canonical({**value, "key": str(OTHER_KEY.verifier)})
    yield canonical.canonical(
        {**value, "key": str(SigningKey.generate(KEY.name, COSIGNATURE).verifier)}
    )
    yield from forged_bundles()


def forged_bundles() -> list[bytes]:
    """Bundles under keys of small order, each signed without any private key."""
    found = []
    for public in SMALL_ORDER:
        leaf = leaf_with_document()
        told = parts(leaf)
        key, note = forged(told["checkpoint"], public)
        proof = format_proof(told["index"], told["hashes"], note)
        found.append(canonical.canonical({**json.loads(FILE), "proof": proof, "key": key}))
    return found


def whole_ones() -> Iterator[bytes]:
    """Bundles that hold: every place in small logs, texts of every kind, members whose order is
    easily mistaken, big documents."""
    for size in (1, 2, 3, 7, 8, 9):
        for index in range(size):
            yield Bundle.build(
                **parts(leaf_with_document(), size, index), document=DOCUMENT, openings=OPENINGS
            ).dumps()
    documents: list[dict[str, Any]] = [
        {"10": 1, "9": 2, "a": 3, "\ufb33": 4, "\U0001f600": 5, "é": 6, "": 7},
        {"__proto__": {"toString": 1}, "constructor": None, "hasOwnProperty": [True, False, None]},
        {"text": "".join(map(chr, range(0x20))) + '"\\/\x7f\x80\u2028\u2029\ufeff\ufffd𠮷'},
        {"numbers": [0, -1, 2**53 - 1, -(2**53 - 1), 10**15]},
        {"long": ["风道不通。" * 2000], "empty": [{}, [], ""]},
    ]
    for document in documents:
        salted = {**document, "salt": "c0ffee" * 6}
        yield Bundle.build(**parts(leaf_with_document(salted)), document=salted).dumps()
    for value in (None, "", 0, True, [], {"text": {"zh-Hans": "风"}}, "𠮷"):
        leaf = Leaf.parse(leaf_with_document(None))
        opened = dataclasses.replace(
            leaf, commits={**leaf.commits, "summary": commit(b"k" * 32, value)}
        ).to_bytes()
        yield Bundle.build(**parts(opened), openings={"summary": Opening(b"k" * 32, value)}).dumps()


def test_the_module_answers_as_the_program_does(visit: Callable[..., Visitor]) -> None:
    page = visit().page
    page.goto("/record/verify/")
    files = [*mutants_of_the_file(), *mutants_of_the_parts(), *oddities()]
    expected = [in_python(file) for file in files]
    found = in_browser(page, files)
    assert [
        (file, ours, theirs)
        for file, ours, theirs in zip(files, found, expected, strict=True)
        if ours != theirs
    ] == []
    assert len(files) > 9_000
    assert {step: expected.count(step) > 3 for step in STEPS} == dict.fromkeys(STEPS, True), (
        "every step refuses some"
    )
    whole = list(whole_ones())
    assert in_browser(page, whole) == [in_python(file) for file in whole] == [""] * len(whole)
    assert in_browser(page, [FILE], KEY.verifier) == [""]
    assert (
        in_browser(page, [FILE], OTHER_KEY.verifier)
        == ["key"]
        == [in_python(FILE, OTHER_KEY.verifier)]
    )


def test_a_module_that_forgets_a_step_would_be_found(visit: Callable[..., Visitor]) -> None:
    """The negative control of the test above: without the comparison of the document's digest, a
    changed document holds."""
    page = visit().page
    source = (Path(__file__).parents[2] / "ledger" / "static" / "ledger" / "verify.js").read_text()
    forgetful = source.replace("digest !== leaf.document", "false")
    assert forgetful != source
    page.route(
        "**/verify.js", lambda route: route.fulfill(body=forgetful, content_type="text/javascript")
    )
    page.goto("/record/verify/")
    changed = canonical.canonical(
        {**json.loads(FILE), "document": {**DOCUMENT, "rating": "delivered"}}
    )
    assert (in_browser(page, [changed]), in_python(changed)) == ([""], "document")


def test_a_module_that_takes_keys_of_small_order_would_be_found(
    visit: Callable[..., Visitor],
) -> None:
    """The negative control: without the guard, a signature that nobody made holds."""
    page = visit().page
    page.goto("/record/verify/")
    assert set(in_browser(page, forged_bundles())) == {"key"}
    source = (Path(__file__).parents[2] / "ledger" / "static" / "ledger" / "verify.js").read_text()
    assert "if (ofSmallOrder(" in source
    page.route(
        "**/verify.js",
        lambda route: route.fulfill(
            body=source.replace("if (ofSmallOrder(", "if (false && ofSmallOrder("),
            content_type="text/javascript",
        ),
    )
    page.reload()
    assert "" in in_browser(page, forged_bundles())


def test_a_browser_without_ed25519_says_so_and_nothing_about_the_bundle(
    visit: Callable[..., Visitor], tmp_path: Path
) -> None:
    page = visit().page
    page.add_init_script(
        """const known = SubtleCrypto.prototype.importKey;
        SubtleCrypto.prototype.importKey = function (format, data, algorithm, ...rest) {
          if (algorithm.name === "Ed25519")
            return Promise.reject(new DOMException("unknown", "NotSupportedError"));
          return known.call(this, format, data, algorithm, ...rest);
        };"""
    )
    page.goto("/record/verify/")
    (tmp_path / "whole.json").write_bytes(FILE)
    page.locator("#file").set_input_files(str(tmp_path / "whole.json"))
    expect(page.get_by_role("status")).to_contain_text("This could not be verified here.")
    expect(page.get_by_role("status")).to_contain_text("Ed25519")
    expect(page.locator("li[data-step=openings]")).to_contain_text("passes")
    expect(page.locator("li[data-step=checkpoint]")).to_contain_text("cannot be verified here")
    expect(page.locator("li[data-step=inclusion]")).to_contain_text("not reached")
    expect(page.get_by_text("python -m ledger.verify", exact=False).first).to_be_visible()


def test_a_bundle_is_verified_with_the_network_cut(
    visit: Callable[..., Visitor], tmp_path: Path
) -> None:
    """From the verdict's address, from a file, by dropping it, and from pasted text; with a changed
    byte it does not hold."""
    scene = scenes.build_claim()
    verdict = scenes.build_verdict(scene)
    sequence()
    call_command("export_log", str(tmp_path / "log"))
    key = (tmp_path / "log" / "key").read_text().strip()
    bundle = bundle_of(verdict)
    visitor = visit()
    page, outcome = visitor.page, visitor.page.get_by_role("status")

    page.add_init_script(
        "window.shifts = 0; new PerformanceObserver(list => list.getEntries().forEach(one => { "
        "window.shifts += one.value })).observe({type: 'layout-shift', buffered: true})"
    )
    page.goto(f"/record/verify/?verdict={verdict.reference}")
    expect(outcome).to_contain_text(OWN_KEY)
    expect(outcome).to_have_attribute("data-end", "consistent")
    assert (
        page.evaluate("() => new Promise(done => setTimeout(() => done(window.shifts), 100))") == 0
    ), "the results moved what is read"
    expect(outcome).to_contain_text(verdict.reference)
    expect(page.locator("li[data-step=leaf]")).to_contain_text("Verdict published")
    expect(page.locator("li[data-state=passed]")).to_have_count(6)
    expect(page.locator("li[data-step=key][data-state=unchecked]")).to_contain_text("not compared")
    expect(page.locator("[data-part=document] pre")).to_contain_text('"not_delivered"')

    page.goto("/record/verify/?entry=0")
    expect(outcome).to_contain_text(OWN_KEY)

    page.goto("/record/verify/")
    visitor.context.set_offline(True)
    (tmp_path / "whole.json").write_bytes(bundle)
    page.locator("#file").set_input_files(str(tmp_path / "whole.json"))
    expect(outcome).to_contain_text(OWN_KEY)
    expect(outcome).to_contain_text("Anyone can make such a file")
    expect(outcome).not_to_contain_text("Verified")

    page.get_by_label("Public key, from a source other than us").fill(key)
    page.get_by_text("Or paste its text").click()
    page.get_by_label("Text of the proof bundle").fill(bundle.decode())
    page.get_by_role("button", name="Verify").click()
    expect(outcome).to_contain_text("Verified: all 7 checks passed.")
    expect(outcome).to_contain_text("under the public key you entered")
    expect(outcome).to_have_attribute("data-end", "holds")
    expect(page.locator("li[data-state=passed]")).to_have_count(7)

    at = bundle.index(b"not_delivered")
    changed = bundle[:at] + b"N" + bundle[at + 1 :]
    drop = """(bytes) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(bytes)], "changed.json"));
      document.body.dispatchEvent(
        new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }"""
    page.evaluate(drop, list(changed))
    expect(outcome).to_contain_text("Verification failed")
    expect(outcome).to_contain_text("The document is not the one whose hash is in the leaf.")
    expect(page.locator("li[data-step=document]")).to_contain_text("fails")
    expect(page.locator("[data-part=document]")).to_be_hidden()

    repeated = bundle.replace(b'"format":', b'"format":"asclaimed-bundle@v1","format":', 1)
    page.evaluate(drop, list(repeated))
    expect(outcome).to_contain_text("An object has the member “format” twice.")

    page.get_by_label("Public key, from a source other than us").fill(str(OTHER_KEY.verifier))
    page.get_by_role("button", name="Verify").click()
    expect(outcome).to_contain_text("The key in the bundle is not the public key you entered.")
