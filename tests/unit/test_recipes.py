from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from preprod.images import OWN_PREFIX, MissingImages
from preprod.operations import images
from preprod.render import recipes as module
from preprod.render.archives import archived
from preprod.render.recipes import candidates, choose, recipes
from preprod.settings import SettingsError, load
from unit import fakehost

PACKAGES = load({"image_source": "packages"})
REGISTRY = load({})


def tags(settings=PACKAGES) -> dict[str, str]:
    return {name: recipe.reference for name, recipe in recipes(settings, "packaged").items()}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small checkout of one's own to change: recipes and app."""
    for name in ("python", "postgres", "caddy", "app"):
        (tmp_path / "files/images" / name).mkdir(parents=True)
        (tmp_path / "files/images" / name / "Dockerfile").write_text(f"ARG BASE\n# {name}\n")
    app = tmp_path / "files/app"
    (app / "socialize").mkdir(parents=True)
    for name in ("requirements.lock", "pyproject.toml", "socialize/app.py"):
        (app / name).write_text("1\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "APP", app)
    return tmp_path


def test_parents_come_before_children_and_the_base_has_none() -> None:
    seen: set[str] = set()
    for recipe in recipes(PACKAGES, "packaged").values():
        assert recipe.parent in seen or (recipe.name, recipe.parent) == ("base", None)
        seen.add(recipe.reference)


@pytest.mark.parametrize(
    ("changed", "rebuilt"),
    [
        ("files/images/postgres/Dockerfile", {"postgres"}),
        ("files/images/caddy/Dockerfile", {"caddy"}),
        ("files/images/python/Dockerfile", {"python", "app"}),
        ("files/images/app/Dockerfile", {"app"}),
        ("files/app/requirements.lock", {"app"}),
        ("files/app/pyproject.toml", {"app"}),
        ("files/app/socialize/app.py", {"app"}),
    ],
)
def test_a_tag_changes_with_its_recipe_and_inputs_alone(checkout: Path, changed: str, rebuilt: set[str]) -> None:
    before = tags()
    (checkout / changed).write_text("2\n")
    after = tags()
    assert {name for name in after if after[name] != before[name]} == rebuilt


def test_a_new_file_changes_the_tag_and_compiled_python_does_not(checkout: Path) -> None:
    before = tags()["app"]
    cache = checkout / "files/app/socialize/__pycache__"
    cache.mkdir()
    (cache / "app.cpython-311.pyc").write_bytes(b"x")
    assert tags()["app"] == before
    (checkout / "files/app/socialize/new.py").write_text("")
    assert tags()["app"] != before


def test_the_packages_date_rebuilds_everything() -> None:
    later = tags(load({"image_source": "packages", "packages_date": "2027-01-01"}))
    assert not set(tags().values()) & set(later.values())


def test_no_setting_of_the_app_rebuilds_an_image() -> None:
    assert tags(load({"image_source": "packages", "log_level": "debug", "http_port": 9000})) == tags()


def test_home_built_images_never_take_an_official_name() -> None:
    assert all(reference.startswith(f"{OWN_PREFIX}/") for reference in tags().values())


def references(settings, had=(), unreachable=()) -> dict[str, str]:
    return {name: choice.reference for name, choice in choose(settings, had, unreachable).items()}


def test_the_registry_gives_official_images_and_the_app_is_built() -> None:
    picked = references(REGISTRY)
    assert (picked["postgres"], picked["caddy"]) == ("postgres:17.7-trixie", "caddy:2.10.2-alpine")
    assert picked["api"].startswith(f"{OWN_PREFIX}/app:")
    assert references(load({"app_image": "shop.example/app:7"}))["api"] == "shop.example/app:7"


def test_a_mirror_stands_before_official_names_and_not_before_the_operators_own() -> None:
    picked = references(load({"image_mirror": "mirror.example/hub", "app_image": "shop.example/app:7"}))
    assert picked["postgres"] == "mirror.example/hub/library/postgres:17.7-trixie"
    assert picked["api"] == "shop.example/app:7"


def test_docker_hub_by_its_own_name_is_no_mirror() -> None:
    picked = references(load({"image_mirror": "docker.io", "app_image": "docker.io/shop/app:7"}))
    assert (picked["postgres"], picked["api"]) == ("postgres:17.7-trixie", "shop/app:7")


def test_packages_give_package_built_images() -> None:
    assert references(PACKAGES) == {name: tags()[recipe] for name, recipe in _RECIPE_OF.items()}


_RECIPE_OF = {"postgres": "postgres", "api": "app", "worker": "app", "caddy": "caddy"}


def test_archives_prefer_official_images_and_take_package_built_ones() -> None:
    settings = load({"image_source": "archives", "image_archives": "/x", "app_image": "shop.example/app:7"})
    had = {"postgres:17.7-trixie", tags(settings)["postgres"], tags(settings)["caddy"], "shop.example/app:7"}
    picked = choose(settings, had)
    assert (picked["postgres"].flavour, picked["caddy"].flavour) == ("official", "packaged")


def test_archives_without_the_images_list_them_all_with_both_ways_to_have_them() -> None:
    settings = load({"image_source": "archives", "image_archives": "/x", "app_image": "shop.example/app:7"})
    with pytest.raises(MissingImages) as refused:
        choose(settings, had=["shop.example/app:7"])
    postgres, caddy = tags(settings)["postgres"], tags(settings)["caddy"]
    assert str(refused.value) == (
        f"missing images: postgres (postgres:17.7-trixie or {postgres}); caddy (caddy:2.10.2-alpine or {caddy}). "
        "To supply them: put an archive of each into /x (docker save), or load it on the host"
    )


def test_images_that_the_registry_lacks_are_listed_together_unless_the_engine_holds_them() -> None:
    unreachable = ["postgres:17.7-trixie", "caddy:2.10.2-alpine"]
    with pytest.raises(MissingImages) as refused:
        choose(REGISTRY, had=(), unreachable=unreachable)
    assert str(refused.value) == (
        "missing images: postgres (postgres:17.7-trixie); caddy (caddy:2.10.2-alpine). To supply them: name a registry "
        "that has them (image_mirror), set image_source to 'archives' or 'packages', or load them on the host"
    )
    with pytest.raises(MissingImages, match=r"^missing images: caddy \(caddy:2.10.2-alpine\)\."):
        choose(REGISTRY, had=["postgres:17.7-trixie"], unreachable=unreachable)


def test_an_image_is_looked_for_under_every_name_that_would_do() -> None:
    settings = load({"image_source": "archives", "image_archives": "/x"})
    assert [choice.flavour for choice in candidates(settings)["caddy"]] == ["official", "packaged"]
    assert [choice.flavour for choice in candidates(REGISTRY)["caddy"]] == ["official"]


def save(path: Path, *repository_tags: str) -> None:
    manifest = json.dumps([{"RepoTags": list(repository_tags)}]).encode()
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as tar:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(manifest)
        tar.addfile(entry, io.BytesIO(manifest))


def test_archives_are_known_by_the_references_within(tmp_path: Path) -> None:
    save(tmp_path / "one.tar", "postgres:17.7-trixie", "docker.io/library/caddy:2.10.2-alpine")
    save(tmp_path / "two.tar.gz", "index.docker.io/shop/app:7")
    settings = load({"image_source": "archives", "image_archives": str(tmp_path)})
    assert {reference: path.name for reference, path in archived(settings).items()} == {
        "postgres:17.7-trixie": "one.tar",
        "caddy:2.10.2-alpine": "one.tar",
        "shop/app:7": "two.tar.gz",
    }


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    settings = load({"image_source": "archives", "image_archives": str(tmp_path)})
    (tmp_path / "bad.tar").write_text("no tar")
    with pytest.raises(SettingsError, match=r"bad.tar is no image archive \(ReadError\): make it with docker save"):
        archived(settings)
    missing = load({"image_source": "archives", "image_archives": str(tmp_path / "nowhere")})
    with pytest.raises(SettingsError, match="nowhere is no directory: name the one that holds the archives"):
        archived(missing)


def build(held: str, wanted: list[str]) -> fakehost.Run:
    return fakehost.run(
        images.built,
        {"images-held": held},
        recipes=list(recipes(PACKAGES, "packaged").values()),
        wanted=wanted,
        mirror="http://mirror.example/debian",
        security="http://mirror.example/security",
        wheels=lambda: {"wheels/x.whl": b"wheel"},
    )


def test_only_what_is_missing_is_built_and_parents_first() -> None:
    of = tags()
    done = build("", [of["postgres"]])
    assert done.scripts() == ["images-held", "images-prepare", "images-base", "images-build"]
    assert done.only("images-build").arguments[:2] == (of["postgres"], of["base"])
    done = build(f"{of['base']}\n{of['python']}", [of["app"]])
    assert done.scripts() == ["images-held", "images-prepare", "images-build"]
    (context,) = done.uploads.values()
    with tarfile.open(fileobj=io.BytesIO(context)) as tar:
        assert {"Dockerfile", "requirements.lock", "wheels/x.whl"} <= set(tar.getnames())


def test_images_that_are_there_are_not_built_again_even_if_their_parent_is_gone() -> None:
    done = build(tags()["app"], [tags()["app"]])
    assert (done.changes, done.scripts()) == (False, ["images-held"])


def test_an_archive_travels_once_for_all_its_images(tmp_path: Path) -> None:
    archive = tmp_path / "both.tar"
    archive.write_bytes(b"archive")
    done = fakehost.run(images.loaded, {"images-held": "c:3"}, references=dict.fromkeys(["a:1", "b:2", "c:3"], archive))
    assert list(done.uploads.values()) == [b"archive"]
    assert done.only("images-load").arguments[1:] == ("a:1", "b:2")


def test_only_what_the_engine_lacks_is_pulled() -> None:
    done = fakehost.run(images.pulled, {"images-held": "a:1"}, references=["a:1", "b:2"])
    assert done.only("images-pull").arguments == ("b:2",)
