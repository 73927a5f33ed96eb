"""Which images of ours go after a deploy, and which stay to go back to."""

from __future__ import annotations

import pytest

from preprod.facts.images import BuiltImages, OwnImages
from preprod.operations import images
from preprod.operations.images import surplus
from unit import fakehost

A, B, C, D = (f"ours/app:{letter}" for letter in "abcd")
BASE = "ours/base:1"


def found(*there: str, used: str = "", deployed: tuple[str, ...] = ()) -> BuiltImages:
    return BuiltImages({reference: reference == used for reference in there}, deployed)


def look(state: BuiltImages) -> str:
    lines = [f"{'used' if used else 'idle'} {reference}" for reference, used in state.used.items()]
    return "\n".join([*lines, *(f"deployed {reference}" for reference in state.deployed)])


def prune(state: BuiltImages, *wanted: str, kept: int = 2, **options: bool) -> fakehost.Run:
    answers = {"images-own": look(state)}
    return fakehost.run(images.pruned, answers, prefix="ours", wanted=wanted, kept=kept, **options)


def test_the_fact_reads_back_what_the_script_prints() -> None:
    state = found(A, B, used=B, deployed=(A, B))
    assert OwnImages().process(look(state).splitlines()) == state


@pytest.mark.parametrize(("kept", "gone"), [(1, [A, B]), (2, [A]), (3, [])], ids=["none to go back to", "one", "two"])
def test_the_latest_stay(kept: int, gone: list[str]) -> None:
    assert surplus(found(A, B, C, used=C, deployed=(A, B, C)), {C}, kept) == gone


def test_the_order_of_deploys_counts() -> None:
    """From c back to a, then on to d: it is a that one goes back to."""
    state = found(A, B, C, used=A, deployed=(B, C, A))
    assert surplus(state, {D}, kept=2) == [B, C]


def test_what_no_deploy_has_made_use_of_goes_first() -> None:
    assert surplus(found(A, B, C, used=B, deployed=(A, B)), {B}, kept=2) == [C]


def test_what_a_container_was_made_of_stays_whatever_its_age() -> None:
    assert surplus(found(A, B, C, used=A, deployed=(A, B, C)), {C}, kept=1) == [B]


def test_what_is_wanted_stays_without_a_container() -> None:
    assert surplus(found(BASE, A, used=A), {BASE, A}, kept=1) == []


def test_each_repository_is_counted_for_itself() -> None:
    other = "ours/caddy:1"
    assert surplus(found(A, B, other, used=B, deployed=(A, B)), {B}, kept=1) == [A]


def test_a_dry_run_foresees_what_goes_once_the_new_image_is_there() -> None:
    before = found(A, B, used=B, deployed=(A, B))
    after = found(A, B, C, used=C, deployed=(A, B))
    assert surplus(before, {C}, kept=2) == surplus(after, {C}, kept=2) == [A]


def test_what_goes_is_removed_and_what_was_deployed_is_remembered() -> None:
    done = prune(found(A, B, C, used=C, deployed=(A, B)), C)
    assert done.only("images-prune").arguments == (f"{B} {C}", A)


def test_the_same_deploy_again_changes_nothing() -> None:
    done = prune(found(B, C, used=C, deployed=(B, C)), C)
    assert (done.changes, done.scripts()) == (False, ["images-own"])


def test_going_back_is_remembered() -> None:
    done = prune(found(B, C, used=B, deployed=(B, C)), B)
    assert done.only("images-prune").arguments == (f"{C} {B}",)


def test_what_the_operator_has_removed_is_forgotten_with_the_next_deploy() -> None:
    assert not prune(found(C, used=C, deployed=(A, B, C)), C).changes
    assert prune(found(C, D, used=D, deployed=(A, B, C)), D).only("images-prune").arguments == (f"{C} {D}",)


def test_fewer_wanted_images_are_no_change() -> None:
    assert not prune(found(BASE, A, used=A, deployed=(A, BASE)), A).changes
    assert not prune(found()).changes


def test_a_dry_run_on_a_blank_host_foresees_that_the_images_are_remembered() -> None:
    done = prune(found(), A, dry=True, docker=False)
    assert done.changes
