"""What a release rests on: the version comes from the tags, and the changelog is kept by release."""

import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

import hydra_llm
from hydra_llm import version
from programs import PYTHON, finish

ROOT = Path(__file__).resolve().parents[1]
HEADINGS = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
RELEASE = re.compile(r"(\d+)\.(\d+)\.(\d+) - (\d{4}-\d{2}-\d{2})")
SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, check=True)


def version_of(folder: Path) -> str:
    """What a build in this folder would be called."""
    return finish([PYTHON, "-m", "hatchling", "version"], folder).stdout.strip()


@pytest.fixture
def copy(tmp_path) -> Path:
    """A folder with what the build needs to know, under no version control."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.fixture
def clone(copy) -> Path:
    """The same with one commit and no tag."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    git(copy, "init", "-q")
    git(copy, "add", "-A")
    git(copy, "commit", "-qm", "all")
    return copy


def test_a_tagged_commit_is_a_release_and_a_later_one_says_how_much_later(clone):
    git(clone, "tag", "v1.2.0")
    assert version_of(clone) == "1.2.0"
    (clone / "README.md").write_text("changed")
    assert re.fullmatch(r"1\.2\.1\.dev0\+g[0-9a-f]+\.d\d{8}", version_of(clone)), "changed and not committed"
    git(clone, "commit", "-qam", "later")
    assert re.fullmatch(r"1\.2\.1\.dev1\+g[0-9a-f]+", version_of(clone))


def test_a_clone_without_tags_is_older_than_any_release_and_names_its_commit(clone):
    assert re.fullmatch(r"0\.0\.1\.dev1\+g[0-9a-f]+", version_of(clone))


def test_a_copy_of_the_files_has_a_version_too(copy):
    assert version_of(copy) == "0.0.0"


def test_an_archive_of_a_tag_has_its_version(copy):
    text = (ROOT / ".git_archival.txt").read_text()
    fields = re.findall(r"^([\w-]+): (\$Format:.+\$)$", text, re.MULTILINE)
    assert [name for name, _ in fields] == ["node", "node-date", "describe-name"]
    (copy / ".git_archival.txt").write_text(text.replace(fields[2][1], "v1.3.0-4-gabcdef1"))
    assert version_of(copy) == "1.3.1.dev4+gabcdef1"


def test_the_package_knows_its_version(monkeypatch):
    assert hydra_llm.__version__ == version.installed_version()
    assert re.match(r"\d+\.\d+", hydra_llm.__version__)

    def missing(name: str) -> str:
        raise version.PackageNotFoundError(name)

    monkeypatch.setattr(version, "version", missing)
    assert hydra_llm.__version__ == version.UNKNOWN


def test_the_changelog_begins_with_what_is_unreleased_and_goes_back_release_by_release():
    assert HEADINGS[0] == "Unreleased"
    releases = [RELEASE.fullmatch(heading) for heading in HEADINGS[1:]]
    assert None not in releases, HEADINGS
    numbers = [tuple(int(part) for part in match.groups()[:3]) for match in releases if match]
    days = [date.fromisoformat(match[4]) for match in releases if match]
    assert numbers == sorted(set(numbers), reverse=True)
    assert days == sorted(days, reverse=True)


def test_each_release_says_each_kind_of_change_once():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for heading, part in zip(HEADINGS, re.split(r"^## .+$", text, flags=re.MULTILINE)[1:], strict=True):
        kinds = re.findall(r"^### (.+)$", part, re.MULTILINE)
        assert len(set(kinds)) == len(kinds), heading
        assert set(kinds) <= SECTIONS, heading
