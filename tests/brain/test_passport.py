from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentcore import Abilities, ConfigurationError, CorruptStoreError
from agentcore.brain.passport import ContextFinding, Finding, Outcome, Passport
from agentcore.brain.passport_store import PassportStore, default_folder
from agentcore.version import __version__

CLAIMED = Abilities(sampling=frozenset({"stop", "logprobs", "seed"}))


def found(outcome: Outcome) -> Finding:
    return Finding(outcome=outcome, why="seen")


def passport(*, claimed: Abilities = CLAIMED, **findings: Finding) -> Passport:
    made = Passport(name="ollama:m", identity="sha", claimed=claimed)
    return made.model_copy(update=findings)


@pytest.mark.parametrize(("outcome", "expected"), [("yes", True), ("no", False), ("unknown", True)])
def test_what_is_unknown_is_as_the_backend_claims(outcome: Outcome, *, expected: bool) -> None:
    abilities = passport(tools=found(outcome), schema_enforced=found(outcome)).abilities

    assert (abilities.tools, abilities.json_schema) == (expected, expected)


def test_sampling_that_is_ignored_is_no_ability() -> None:
    abilities = passport(stop_words=found("no"), logprobs=found("unknown")).abilities

    assert abilities.sampling == {"logprobs", "seed"}


@pytest.mark.parametrize(
    ("claimed", "context", "expected"),
    [
        (16_384, ContextFinding(outcome="yes", tokens=8000), 16_384),
        (16_384, ContextFinding(outcome="no", tokens=2048, is_silent=True), 2048),
        (16_384, ContextFinding(outcome="no", tokens=4096), 16_384),
        (None, ContextFinding(outcome="yes", tokens=8000), 8000),
        (None, ContextFinding(), None),
    ],
)
def test_the_window_is_the_claimed_one_unless_it_was_seen_to_be_cut(
    claimed: int | None, context: ContextFinding, expected: int | None
) -> None:
    made = passport(claimed=Abilities(context_tokens=claimed), context=context)

    assert made.abilities.context_tokens == expected


def test_a_passport_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    made = passport(tools=found("no"), context=ContextFinding(tokens=9, bytes_per_token=4.2))
    path.write_text(made.to_json(), encoding="utf-8")

    assert Passport.load(path) == made


def test_a_passport_of_another_version_says_so(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    fields = json.loads(passport().to_json()) | {"library": "0.0.7", "unheard_of": 1}
    path.write_text(json.dumps(fields), encoding="utf-8")

    with pytest.raises(ConfigurationError, match=rf"agentcore 0\.0\.7, and this is {__version__}"):
        Passport.load(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"name": 1}', b"\xff\xfe", b"null"])
def test_what_is_no_passport_is_a_corrupt_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(content)

    with pytest.raises(CorruptStoreError, match="is no passport") as caught:
        Passport.load(path)

    assert caught.value.path == str(path)


def test_a_missing_passport_is_the_developers_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Passport.load(tmp_path / "none.json")


def test_passports_are_kept_under_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")

    assert default_folder() == Path("/somewhere/agentcore/passports")


def test_a_kept_passport_is_found_by_model_and_identity_only(tmp_path: Path) -> None:
    store = PassportStore(tmp_path / "new")
    store.keep(passport())

    assert store.find("ollama:m", "sha") == passport()
    assert store.find("ollama:m", "other") is None
    assert store.find("vllm:m", "sha") is None
    assert [path.suffix for path in (tmp_path / "new").iterdir()] == [".json"]


@pytest.mark.parametrize("content", ["{", '{"library": "0.0.7"}'])
def test_a_kept_file_that_cannot_be_used_is_as_if_it_were_not_there(
    content: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = PassportStore(tmp_path)
    store.path_of("ollama:m", "sha").write_text(content, encoding="utf-8")

    assert store.find("ollama:m", "sha") is None
    assert "probed anew" in caplog.text


def test_a_folder_that_cannot_be_written_loses_nothing_but_the_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    assert PassportStore(tmp_path / "file").keep(passport()) is None
    assert "cannot be kept" in caplog.text
