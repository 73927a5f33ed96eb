from __future__ import annotations

import base64
import io
import json
import logging
import tarfile
from dataclasses import replace

import pytest

from preprod.facts.bundle import BundleFiles, BundleState, FileState
from preprod.operations import bundle as operations
from preprod.operations.bundle import Changes, Validator, archive, changes, staged
from preprod.render.bundle import Bundle, File, digest, read_by
from unit import fakehost

A = File("a\n", 0o640, 999, 998, takes_effect="boot", service="postgres")
B = File("b\n", takes_effect="reload", service="caddy")
MANIFEST = File(json.dumps({"files": {"one/a": "", "two/b": "", "manifest.json": ""}}))
BUNDLE: Bundle = {"one/a": A, "two/b": B, "manifest.json": MANIFEST}


def state(file: File) -> FileState:
    return FileState(file.sha256, file.mode, file.uid, file.gid)


def on_host(bundle: Bundle = BUNDLE, **changed: FileState) -> BundleState:
    return BundleState({path: state(file) for path, file in bundle.items()} | changed, bundle["manifest.json"].text)


def test_a_blank_host_gets_everything_in_order() -> None:
    assert changes(BUNDLE, BundleState()) == Changes(("one/a", "two/b", "manifest.json"), ())


def test_an_up_to_date_host_gets_nothing() -> None:
    assert not changes(BUNDLE, on_host())


@pytest.mark.parametrize("wrong", [{"sha256": "0" * 64}, {"mode": 0o644}, {"uid": 0}, {"gid": 0}])
def test_content_mode_and_owners_are_compared(wrong: dict[str, object]) -> None:
    found = on_host(**{"one/a": replace(state(A), **wrong)})
    assert changes(BUNDLE, found) == Changes(("one/a",), ())


def test_what_only_the_old_manifest_lists_goes() -> None:
    fewer = {path: file for path, file in BUNDLE.items() if path != "two/b"}
    assert changes(fewer, on_host()).remove == ("two/b",)


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", "one/../../x"])
def test_a_manifest_cannot_have_files_outside_removed(path: str) -> None:
    found = replace(on_host(), manifest=json.dumps({"files": {path: ""}}))
    assert changes(BUNDLE, found).remove == ()


def test_neighbours_are_staged_with_a_changed_file() -> None:
    bundle = {**BUNDLE, "one/c": File("c")}
    assert list(staged(bundle, ["one/a"])) == ["one/a", "one/c"]


def test_an_archive_is_the_same_for_the_same_files_and_carries_modes_and_owners() -> None:
    assert archive(BUNDLE) == archive(dict(BUNDLE))
    assert archive(BUNDLE) != archive({**BUNDLE, "one/a": replace(A, mode=0o600)})
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(archive(BUNDLE)))) as tar:
        entry = tar.getmember("one/a")
        content = tar.extractfile(entry)
        assert (entry.mode, entry.uid, entry.gid, entry.mtime) == (0o640, 999, 998, 0)
        assert content is not None
        assert content.read() == b"a\n"


def test_a_digest_tells_paths_contents_and_their_borders_apart() -> None:
    one = {"a": File("bc")}
    assert digest(one) == digest({"a": File("bc", mode=0o600)})
    different = [one, {"ab": File("c")}, {"a": File("b"), "c": File("")}, {"a": File("b")}, {}]
    digests = {digest(files) for files in different} | {digest(one, "x"), digest(one, "x", ""), digest(one, "", "x")}
    assert len(digests) == len(different) + 3


def test_a_digest_does_not_depend_on_the_order_of_files() -> None:
    assert digest({"a": A, "b": B}) == digest({"b": B, "a": A})


def test_files_are_found_by_reader_and_effect() -> None:
    assert list(read_by(BUNDLE, "postgres", "boot")) == ["one/a"]
    assert list(read_by(BUNDLE, "postgres", "reload")) == []


def test_a_record_tells_the_digest_of_a_file_unless_it_is_secret() -> None:
    assert A.record == "0640 999 998 sha256:87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"
    assert replace(A, secret=True).record == "0640 999 998 secret"


def look(found: BundleState) -> dict[str, fakehost.Answer]:
    lines = [f"file {s.sha256} {s.mode:o} {s.uid} {s.gid} {path}" for path, s in found.files.items()]
    manifest = f"manifest {base64.b64encode(found.manifest.encode()).decode()}"
    return {"bundle-look": "\n".join([*lines, manifest])}


def test_the_fact_reads_back_what_the_script_prints() -> None:
    text = look(on_host())["bundle-look"]
    assert isinstance(text, str)
    assert BundleFiles().process(text.splitlines()) == on_host()


def test_files_are_validated_before_they_are_promoted_and_the_manifest_goes_in_last() -> None:
    older = {"gone": File("x"), **BUNDLE}
    older["manifest.json"] = File(json.dumps({"files": dict.fromkeys(older, "")}))
    found = on_host(older, **{"two/b": replace(state(B), sha256="0" * 64)})
    validators = [Validator("one/", "check one"), Validator("two/", "check two")]
    done = fakehost.run(operations.promoted, look(found), bundle=BUNDLE, validators=validators)
    look_, stage, validate, promote, remove, last = done.commands
    assert [c.script for c in (look_, stage, promote, remove, last)] == [
        "bundle-look",
        "bundle-stage",
        "bundle-promote",
        "bundle-remove",
        "bundle-promote",
    ]
    assert validate.script.endswith("check two")
    assert (promote.arguments, remove.arguments, last.arguments) == (("two/b",), ("gone",), ("manifest.json",))


def test_a_file_that_its_reader_refuses_is_not_promoted() -> None:
    refusal = f"cd {operations.STAGE}\ncheck"
    done = fakehost.run(
        operations.promoted,
        {**look(BundleState()), refusal: RuntimeError("line 3: unknown directive")},
        bundle=BUNDLE,
        validators=[Validator("two/", "check")],
    )
    assert done.failed
    assert "bundle-promote" not in done.scripts()


def test_nothing_is_sent_to_an_up_to_date_host() -> None:
    done = fakehost.run(operations.promoted, look(on_host()), bundle=BUNDLE)
    assert (done.changes, done.scripts()) == (False, ["bundle-look"])


def test_a_diff_shows_changed_files_and_never_a_secret_one(caplog: pytest.LogCaptureFixture) -> None:
    bundle = {"plain": File("new line\n"), "hidden": File("canary-5a\n", secret=True), "manifest.json": File("{}")}
    old = f"{base64.b64encode(b'old line').decode()} plain"
    found = BundleState({"plain": FileState("0", 0o644, 0, 0), "hidden": FileState("0", 0o400, 0, 0)})
    with caplog.at_level(logging.INFO, "pyinfra"):
        done = fakehost.run(
            operations.promoted, {**look(found), "bundle-texts": old}, bundle=bundle, dry=True, diff=True
        )
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "-old line" in said
    assert "+new line" in said
    assert "will change /srv/preprod/hidden (mode 0644, owner 0:0, secret: no diff)" in said
    assert "will create /srv/preprod/manifest.json" in said
    assert "canary-5a" not in said
    assert "hidden" not in done.only("bundle-texts").arguments
