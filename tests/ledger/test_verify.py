from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger import canonical, merkle, verify
from ledger.bundle import Bundle
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.note import COSIGNATURE, SigningKey, VerifierKey
from ledger.proof import format_proof
from ledger.tiles import ENTRIES, Tile, encode_entries, grow
from ledger.verify import NothingToVerifyError, VerificationError, audit, check, main
from tests.ledger.logs import (
    KEY,
    ORIGIN,
    OTHER_KEY,
    VERIFIER,
    entries,
    entry,
    quick,
    write,
    write_log,
)
from tests.ledger.small_order import SMALL_ORDER, forged
from tests.ledger.test_bundle import FILE, INDEX, PARTS, SIZE, leaf_with_document, parts

ROOT = Path(verify.__file__).parents[1]
DATA = entries(700)
STEPS = [100, 300, 520]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of 700 entries: two full tiles and one of 188; partial ones of the checkpoints on the
    way lie beside."""
    write_log(tmp_path / "log", DATA, sizes=STEPS)
    return tmp_path / "log"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    write(tmp_path / "verdict.json", FILE)
    return tmp_path / "verdict.json"


def note(size: int, key: SigningKey = KEY, data: list[bytes] = DATA) -> bytes:
    """The checkpoint that a log over `data` published at `size`."""
    return sign_checkpoint(
        Checkpoint(ORIGIN, size, merkle.root_of(map(merkle.leaf_hash, data[:size]))), key
    ).encode()


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    status = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert not err
    return status, out


def bad(
    folder: Path,
    index: int | None = None,
    key: VerifierKey | None = VERIFIER,
    kept: bytes | None = None,
) -> str:
    with pytest.raises(VerificationError) as caught:
        audit(folder, key, kept)
    assert caught.value.index == index
    status, sentence = check(folder, key, kept)
    assert status == 1
    assert sentence == str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


# A bundle.


def test_a_bundle_is_accepted_in_one_sentence(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out = run(capsys, "--key", VERIFIER, bundle)
    assert status == 0
    assert out == (
        f"{bundle}: claim.revised of claim/0193e5a7-3c1e-7000-8000-000000000013 at "
        "2025-06-03T09:41:07.123456Z is entry 13 of the 20 in the log log.example/record; "
        "the document is the one that was logged; "
        "1 of 2 committed fields opened and matching (quote not opened); "
        "the checkpoint is signed by the key you gave.\n"
    )


def test_without_a_key_nothing_is_more_than_consistent(
    log: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (bundle, log):
        status, out = run(capsys, path)
        assert status == 3
        assert out.startswith(
            f"{path}: Consistent with the key inside it. Not checked against AsClaimed's key. "
        )
    assert run(capsys, bundle, log)[0] == 3
    assert run(capsys, "--key", VERIFIER, bundle, log)[0] == 0


def test_what_a_stranger_signed_under_our_name_is_never_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strange = Bundle.build(**parts(leaf_with_document(None), key=OTHER_KEY)).dumps()
    assert OTHER_KEY.name == KEY.name
    write(tmp_path / "strange.json", strange)
    write_log(tmp_path / "strange", DATA[:20], key=OTHER_KEY)
    for path in (tmp_path / "strange.json", tmp_path / "strange"):
        assert run(capsys, path)[0] == 3
        assert run(capsys, "--key", VERIFIER, path)[0] == 1


def test_a_signature_under_a_key_of_small_order_is_refused_at_every_door(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for public in SMALL_ORDER:
        key, note = forged(PARTS["checkpoint"], public)
        write(
            tmp_path / "forged.json",
            canonical.canonical({**json.loads(FILE), "proof": proof_with(note), "key": key}),
        )
        write_log(tmp_path / "log", DATA[:20])
        write(
            tmp_path / "log/checkpoint",
            forged((tmp_path / "log/checkpoint").read_text(), public)[1].encode(),
        )
        write(tmp_path / "log/key", f"{key}\n".encode())
        assert run(capsys, tmp_path / "forged.json")[0] == 1
        assert run(capsys, tmp_path / "log")[0] == 2
        status, out = run(capsys, "--key", key, tmp_path / "forged.json")
        assert status == 2
        assert "small order" in out


def proof_with(note: str) -> str:
    return format_proof(PARTS["index"], PARTS["hashes"], note)


def test_the_key_may_lie_in_a_file(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "log.key", f"{VERIFIER}\n".encode())
    assert run(capsys, "--key", tmp_path / "log.key", bundle)[0] == 0
    write(tmp_path / "other.key", f"{OTHER_KEY.verifier}\n".encode())
    status, out = run(capsys, "--key", tmp_path / "other.key", bundle)
    assert status == 1
    assert "not the key" in out


@pytest.mark.parametrize("mask", [0x01, 0x20])
def test_a_bundle_with_any_changed_byte_is_refused(tmp_path: Path, mask: int) -> None:
    path = tmp_path / "changed.json"
    marked = range(
        FILE.index(b"asclaimed-bundle"), FILE.index(b"asclaimed-bundle") + len("asclaimed-bundle")
    )
    for position in range(len(FILE)):
        path.write_bytes(FILE[:position] + bytes([FILE[position] ^ mask]) + FILE[position + 1 :])
        status, sentence = check(path, VERIFIER)
        # A file that no longer says it is a bundle is not a wrong bundle, but no bundle.
        assert status == (2 if position in marked else 1), sentence


@quick
@given(st.binary(max_size=300))
def test_another_file_is_not_a_bundle(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    assume(b"asclaimed-bundle" not in data)
    path = tmp_path_factory.getbasetemp() / "other.bin"
    path.write_bytes(data)
    assert check(path)[0] == 2
    path.write_bytes(data + b"asclaimed-bundle" + data)
    assert check(path)[0] == 1


def same_log(folder: Path, size: int, key: SigningKey = KEY) -> Path:
    """A copy of the log that the bundle comes from, of so many entries."""
    data = entries(max(size, SIZE))
    data[INDEX] = leaf_with_document()
    write_log(folder, data[:size], key=key)
    return folder


@pytest.mark.parametrize(
    ("size", "status", "said"),
    [
        (SIZE, 0, "as are all entries under the bundle's checkpoint"),
        (SIZE + 300, 0, "as are all entries under the bundle's checkpoint"),
        (INDEX + 1, 0, "which has 14 of the 20 entries"),
        (INDEX, 2, "ends before entry 13"),
        (0, 2, "ends before entry 13"),
    ],
)
def test_a_bundle_is_compared_with_the_copy(
    bundle: Path,
    tmp_path: Path,
    size: int,
    status: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    copy = same_log(tmp_path / "copy", size)
    found, out = run(capsys, "--key", VERIFIER, "--copy", copy, bundle)
    assert (found, said in out) == (status, True), out
    found, out = run(capsys, "--copy", copy, bundle)
    assert (found, said in out) == (status or 3, True), out


def test_a_bundle_that_is_not_from_the_copy_is_refused(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another entry at its place; another one anywhere else that the copy reaches to, before it or
    after."""
    write_log(tmp_path / "other", entries(SIZE))
    status, out = run(capsys, "--key", VERIFIER, "--copy", tmp_path / "other", bundle)
    assert (status, "Entry 13 is not the one in the copy you kept." in out) == (1, True)
    for place in (*range(INDEX), *range(INDEX + 1, SIZE)):
        data = entries(SIZE)
        data[INDEX] = leaf_with_document()
        data[place] = entry(1000)
        write_log(tmp_path / str(place), data)
        assert run(capsys, "--key", VERIFIER, "--copy", tmp_path / str(place), bundle)[0] == 1, (
            place
        )
    write_log(tmp_path / "short", [entry(1000), *entries(9)[1:]])
    assert (
        run(capsys, "--key", VERIFIER, "--copy", tmp_path / "short", bundle)[0] == 1
    )  # it ends before the entry, and differs


def test_what_is_no_whole_copy_accuses_nobody(
    bundle: Path, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "junk/checkpoint", b"log.example/record\n-5\nx\n")
    damaged = same_log(tmp_path / "damaged", SIZE)
    content = (damaged / "tile/entries/000.p/20").read_bytes()
    write(
        damaged / "tile/entries/000.p/20",
        content.replace(b'"price":13', b'"price":31').replace(b'"price":2}', b'"price":7}'),
    )
    for copy in (tmp_path / "empty", tmp_path / "absent", tmp_path / "junk", damaged, bundle):
        for path in (bundle, log):
            status, out = run(capsys, "--key", VERIFIER, "--copy", copy, path)
            assert (status, out.count("\n")) == (2, 1), out


def test_a_copy_goes_with_every_other_option(
    bundle: Path, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = same_log(tmp_path / "copy", SIZE)
    write(tmp_path / "kept", PARTS["checkpoint"].encode())
    write(tmp_path / "older", note(300))
    write_log(tmp_path / "part", DATA[:300])
    for key, well in ((["--key", VERIFIER], 0), ([], 3)):
        status, out = run(capsys, *key, "--checkpoint", tmp_path / "kept", "--copy", copy, bundle)
        assert (status, "checkpoint is the one you kept" in out, "all entries under" in out) == (
            well,
            True,
            True,
        )
        status, out = run(
            capsys, *key, "--checkpoint", tmp_path / "older", "--copy", tmp_path / "part", log
        )
        assert (status, "300 entries of the copy you kept are in it unchanged" in out) == (
            well,
            True,
        ), out
        # One copy for several paths: each is compared with it, and the worst counts.
        assert run(capsys, *key, "--copy", tmp_path / "part", log, bundle)[0] == 1
        assert run(capsys, *key, "--copy", copy, bundle, log)[0] == 1
        assert run(capsys, *key, "--copy", copy, bundle, tmp_path / "nothing")[0] == 2


def test_a_kept_checkpoint_of_the_same_size_must_be_the_same(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    write(kept, PARTS["checkpoint"].encode())
    status, out = run(capsys, "--checkpoint", kept, bundle)
    assert status == 3
    assert "the one you kept" in out
    write(kept, note(SIZE))
    status, out = run(capsys, "--checkpoint", kept, bundle)
    assert status == 1
    assert "two faces" in out
    write(kept, note(SIZE - 1))
    status, out = run(capsys, "--checkpoint", kept, bundle)
    assert status == 2
    assert "alone cannot show" in out
    write(kept, note(SIZE, OTHER_KEY))
    assert run(capsys, "--checkpoint", kept, bundle)[0] == 1


# A folder.


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513, 700])
def test_a_log_is_accepted_at_every_shape(tmp_path: Path, size: int) -> None:
    write_log(tmp_path, DATA[:size], sizes=[size // 3, size // 2])
    seen: list[bytes] = []
    found = audit(tmp_path, VERIFIER, each=lambda index, item: seen.append(item))
    assert (found.checkpoint.size, found.own_key, found.ahead) == (size, False, 0)
    assert seen == DATA[:size]
    assert check(tmp_path)[0] == 3


def test_a_log_is_accepted_in_one_sentence(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = run(capsys, "--key", VERIFIER, log)
    assert status == 0
    # Three bundles, three tiles of level 0 and one above; beside them two partial tiles and bundles
    # in the first two places, one in the third, and the partial tiles of level 1 that the
    # checkpoints at 300 and 520 had.
    assert out == (
        f"{log}: the log log.example/record holds 700 entries, each well-formed, whose hashes are "
        "those in its 14 files and give its signed root; "
        "the checkpoint is signed by the key you gave.\n"
    )


def test_a_kept_checkpoint_of_any_size_is_continued(log: Path) -> None:
    for size in (1, 99, 100, 255, 256, 257, 512, 699, 700):
        assert audit(log, VERIFIER, note(size)).kept == Checkpoint.parse(
            note(size).decode().partition("\n\n")[0] + "\n"
        )
    assert (
        audit(
            log, VERIFIER, sign_checkpoint(Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT), KEY).encode()
        ).kept
        is not None
    )


def test_a_log_that_was_rewritten_does_not_continue_the_kept_checkpoint(log: Path) -> None:
    for size in (1, 256, 300, 700):
        other = [entry(999), *DATA[1:]]
        assert "does not continue" in bad(log, kept=note(size, data=other))
    assert "was cut" in bad(log, kept=note(701, data=[*DATA, entry(1)]))
    assert "under this log's key" in bad(log, kept=note(300, OTHER_KEY))
    assert "under this log's key" in bad(log, kept=b"nonsense")


def test_a_cut_log_is_noticed_only_by_a_kept_checkpoint(log: Path) -> None:
    # The log as it was at 300 is whole in itself: this is what keeping checkpoints is for.
    write(log / "checkpoint", note(300))
    found = audit(log, VERIFIER)
    assert found.checkpoint.size == 300
    assert "was cut" in bad(log, kept=note(520))


def test_files_of_a_later_tree_are_counted_and_left_alone(log: Path) -> None:
    write(log / "checkpoint", note(100))
    (log / "tile/0/000.p/200").write_bytes(b"of a size not yet published")
    found = audit(log, VERIFIER)
    assert found.ahead == 1
    assert "1 partial file of a later tree not looked at" in check(log, VERIFIER)[1]


def test_the_full_tile_may_stand_in_for_a_partial_one(log: Path) -> None:
    shutil.rmtree(log / "tile/0/000.p")
    shutil.rmtree(log / "tile/entries/000.p")
    write(log / "checkpoint", note(100))
    audit(log, VERIFIER)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("tile/**/*") if path.is_file())


def test_a_changed_byte_in_any_file_is_noticed(log: Path) -> None:
    for path in files(log):
        good = path.read_bytes()
        for position in {0, 1, len(good) // 2, len(good) - 1}:
            path.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
            status, sentence = check(log, VERIFIER)
            assert status == 1, (path, position, sentence)
        for other in (good[:-1], good + b"\x00", b""):
            path.write_bytes(other)
            assert check(log, VERIFIER)[0] == 1, path
        path.write_bytes(good)
    audit(log, VERIFIER)


def test_a_missing_file_that_the_tree_needs_is_noticed(log: Path) -> None:
    for tile in (
        Tile(0, 0),
        Tile(0, 2, 188),
        Tile(1, 0, 2),
        Tile(ENTRIES, 1),
        Tile(ENTRIES, 2, 188),
    ):
        path = log / tile.path
        good = path.read_bytes()
        path.unlink()
        assert f"{tile.path} is missing" in bad(log, tile.start if tile.level < 1 else 0)
        path.write_bytes(good)


def rewrite(folder: Path, data: list[bytes], *, tiles: bool) -> None:
    """Write other entries, with tiles to match if asked for, and leave the checkpoint."""
    for start in range(0, len(data), 256):
        some = data[start : start + 256]
        write(folder / Tile(ENTRIES, start // 256, len(some)).path, encode_entries(some))
    if tiles:
        for tile, content in grow(0, [merkle.leaf_hash(item) for item in data], {}.__getitem__):
            write(folder / tile.path, content)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A log without partial files of earlier checkpoints."""
    write_log(tmp_path / "bare", DATA)
    return tmp_path / "bare"


def test_the_first_changed_entry_is_named(bare: Path) -> None:
    for index in (0, 255, 256, 513, 699):
        rewrite(bare, [*DATA[:index], entry(999), *DATA[index + 1 :]], tiles=False)
        assert f"Entry {index} is not the one that was logged" in bad(bare, index)


def test_a_log_rewritten_with_its_tiles_has_another_root(bare: Path) -> None:
    rewrite(bare, [*DATA[:5], entry(999), *DATA[6:]], tiles=True)
    assert "root that the checkpoint signs" in bad(bare)


def test_an_entry_that_is_no_leaf_is_named_even_if_it_was_signed(tmp_path: Path) -> None:
    for wrong in (
        b"",
        b"{}",
        DATA[7] + b" ",
        DATA[7].replace(b'"v":2', b'"v":3'),
        b"\xff",
        DATA[7].replace(b'"fields"', b'"field"'),
    ):
        shutil.rmtree(tmp_path / "log", ignore_errors=True)
        write_log(tmp_path / "log", [*DATA[:300], wrong, *DATA[301:400]])
        assert "Entry 300 is not a leaf" in bad(tmp_path / "log", 300)


def test_a_changed_tile_of_a_higher_level_is_named(bare: Path) -> None:
    path = bare / "tile/1/000.p/2"
    path.write_bytes(path.read_bytes()[:32] + bytes(32))
    assert "tile/1/000.p/2" in bad(bare, 256)


def test_the_key_of_the_reader_and_of_the_folder_must_be_one(log: Path) -> None:
    assert "not the key" in bad(log, key=OTHER_KEY.verifier)
    write(log / "key", f"{OTHER_KEY.verifier}\n".encode())
    assert "not signed by the key" in bad(log, key=None)
    (log / "key").unlink()
    audit(log, VERIFIER)
    with pytest.raises(NothingToVerifyError, match="--key"):
        audit(log)
    assert check(log)[0] == 2
    write(log / "key", b"nonsense")
    assert check(log, VERIFIER)[0] == 2


def test_a_log_signed_by_somebody_else_is_refused(log: Path) -> None:
    write(log / "checkpoint", note(700, OTHER_KEY))
    assert "not signed by the key" in bad(log)
    write(log / "checkpoint", note(700).replace(b"700", b"699"))
    assert "wrong" in bad(log)
    witness = SigningKey.generate(ORIGIN, COSIGNATURE)
    assert check(log, witness.verifier)[0] == 1


def test_a_folder_without_checkpoint_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty/key", f"{VERIFIER}\n".encode())
    status, sentence = check(tmp_path / "empty", VERIFIER)
    assert status == 2
    assert "not a copy of a log" in sentence


# Files that are meant to harm.


def link(path: Path, target: Path) -> None:
    if path.is_dir():
        shutil.move(path, target)
    else:
        path.replace(target)
    path.symlink_to(target)


@pytest.mark.parametrize(
    "name",
    [
        "checkpoint",
        "key",
        "tile",
        "tile/0",
        "tile/0/000",
        "tile/0/000.p",
        "tile/0/000.p/100",
        "tile/entries/001",
    ],
)
def test_nothing_is_read_through_a_link(log: Path, tmp_path: Path, name: str) -> None:
    link(log / name, tmp_path / "elsewhere")
    status, sentence = check(log, VERIFIER)
    assert status == 1
    assert f"{name} is a symbolic link" in sentence


@pytest.mark.parametrize("name", ["checkpoint", "tile/0", "tile/0/000"])
def test_without_the_guard_a_link_would_be_followed(
    log: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    link(log / name, tmp_path / "elsewhere")
    monkeypatch.setattr(os, "lstat", os.stat)
    monkeypatch.delattr(os, "O_NOFOLLOW")
    assert check(log, VERIFIER)[0] == 0


def test_a_link_that_goes_in_circles_is_refused(log: Path) -> None:
    (log / "tile/0/001").unlink()
    (log / "tile/0/001").symlink_to(log / "tile/0/001")
    assert check(log, VERIFIER)[0] == 1


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/001", "tile/entries/001"])
def test_a_pipe_does_not_make_it_wait(log: Path, name: str) -> None:
    (log / name).unlink()
    os.mkfifo(log / name)
    status, sentence = check(log, VERIFIER)
    assert status == 1
    assert "not a regular file" in sentence


def test_a_folder_in_the_place_of_a_file_is_refused(log: Path) -> None:
    (log / "tile/0/001").unlink()
    (log / "tile/0/001").mkdir()
    assert "not a regular file" in check(log, VERIFIER)[1]


@pytest.mark.parametrize(
    "name", ["checkpoint", "key", "tile/0/001", "tile/0/000.p/100", "tile/entries/001"]
)
def test_a_huge_file_is_refused_unread(log: Path, name: str) -> None:
    os.truncate(log / name, 2**40)
    tracemalloc.start()
    status, sentence = check(log, VERIFIER)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert status == 1
    assert "at most" in sentence
    assert peak < 8 * 2**20


def test_a_huge_bundle_is_refused_unread(bundle: Path) -> None:
    os.truncate(bundle, 2**40)
    assert check(bundle, VERIFIER)[0] == 2


def test_stray_files_are_no_matter(log: Path) -> None:
    for name in (
        "README",
        "tile/0/junk",
        "tile/0/000.p/junk",
        "tile/0/000.p/0100",
        "tile/0/000.p/999",
        "tile/entries/001.tmp",
    ):
        write(log / name, b"stray")
    audit(log, VERIFIER)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_unusable(log: Path) -> None:
    (log / "tile/0/001").chmod(0)
    assert check(log, VERIFIER)[0] == 2


def test_names_from_strangers_do_not_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = SigningKey("log\u202e\x7f\x9b31m.example", 1, b"k" * 32)
    write(
        tmp_path / "log/checkpoint",
        sign_checkpoint(Checkpoint(key.name, 0, merkle.EMPTY_ROOT), key).encode(),
    )
    write(tmp_path / "log/key", str(key.verifier).encode())
    status, out = run(capsys, tmp_path / "log")
    assert status == 3
    assert out.strip("\n").isprintable()
    assert "log\\u202e\\x7f\\x9b31m.example" in out


# The command.


def test_several_paths_have_a_sentence_each_and_the_worst_status(
    log: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = tmp_path / "absent.json"
    status, out = run(capsys, "--key", VERIFIER, bundle, log)
    assert (status, out.count("\n")) == (0, 2)
    status, out = run(capsys, "--key", VERIFIER, bundle, absent)
    assert status == 2
    assert "absent.json cannot be read: No such file" in out
    write(tmp_path / "broken.json", FILE[:-1])
    status, out = run(capsys, absent, tmp_path / "broken.json", bundle)
    assert (status, out.count("\n")) == (1, 3)


@pytest.mark.parametrize("arguments", [[], ["--unknown", "x"], ["--key"]])
def test_a_wrong_command_is_unusable(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["nonsense", "", "/", str(VERIFIER)[:-1], "a\x00b"])
def test_a_key_that_is_none_is_unusable(
    bundle: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out = run(capsys, "--key", key, bundle)
    assert status == 2
    assert out.count("\n") == 1


def test_a_kept_checkpoint_that_is_not_there_is_unusable(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "--checkpoint", tmp_path / "absent", bundle)[0] == 2


GUARD = """
import runpy, socket, sys
allowed = set(sys.stdlib_module_names) | {"cryptography", "_cffi_backend", "cffi", "ledger"}
class Guard:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed:
            raise ImportError(f"{name} is not there")
def refuse(*args, **kwargs):
    raise OSError("there is no network")
sys.meta_path.insert(0, Guard())
socket.socket = socket.create_connection = socket.getaddrinfo = refuse
sys.path.insert(0, sys.argv.pop(1))
"""
RUN = 'runpy.run_module("ledger.verify", run_name="__main__", alter_sys=True)'


def alone(code: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run Python with the standard library, `cryptography` and our own room, and nothing else, no
    network, no locale."""
    environment = {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    }
    return subprocess.run(
        [sys.executable, "-c", GUARD + code, str(ROOT), *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_it_runs_without_django_and_without_a_network(
    log: Path, bundle: Path, tmp_path: Path
) -> None:
    write(tmp_path / "broken.json", FILE.replace(b"not_delivered", b"now_delivered"))
    done = alone(RUN, "--key", VERIFIER, bundle, log, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 2
    done = alone(RUN, "--key", VERIFIER, tmp_path / "broken.json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    done = alone(RUN, tmp_path / "苍鹭.json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "")


@pytest.mark.parametrize("module", ["django", "rfc8785", "tlog_scales", "requests"])
def test_the_guard_of_that_test_guards(module: str, tmp_path: Path) -> None:
    done = alone(f"import {module}", cwd=tmp_path)
    assert done.returncode != 0
    assert "is not there" in done.stderr
    assert "no network" in alone("import socket; socket.socket()", cwd=tmp_path).stderr


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    def peak(size: int) -> int:
        folder = tmp_path / str(size)
        write_log(folder, entries(size))
        tracemalloc.start()
        audit(folder, VERIFIER)
        _, high = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return high

    peak(600)
    small, large = peak(1_000), peak(20_000)
    assert large < small + 200_000
