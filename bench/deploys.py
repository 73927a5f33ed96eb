"""What deploys cost over SSH, on a throw-away host on this machine: ``python bench/deploys.py`` prints a table.

Deploy ``inventory/local.py`` first: its images are handed to the host as archives. "commands" counts what pyinfra
executes on the host, facts included, as its ``-vv`` shows it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "world"))

from harness import World, world_run  # noqa: E402

from preprod.render.recipes import candidates  # noqa: E402
from preprod.settings import load  # noqa: E402

ROUNDS = 7


@dataclass(frozen=True)
class Bench:
    """A bare host, and a folder with the archives of the local deployment."""

    world: World
    archives: Path

    def run(self, file: str, *options: str, **data: object) -> str:
        given = {"docker_source": "distribution", "image_source": "archives", "image_archives": str(self.archives)}
        inventory = self.world.inventory(self.world.directory / "inventory.py", **given, **data)
        command = [sys.executable, "-m", "pyinfra", "-y", *options, str(inventory), file]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        return done.stdout + done.stderr

    def commands(self, file: str) -> int:
        return sum(">>>" in line for line in self.run(file, "-vv").splitlines())


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, world_run() as run:
        archives = Path(folder)
        app = save_all(archives)
        empty = Path(folder, "empty.py")
        empty.write_text("")
        bench = Bench(run.new_world("trixie"), archives)
        print("| what | commands | seconds: median (range) of runs |\n|---|---|---|")
        row("first deploy, engine installed", "", [timed(lambda: bench.run("deploy.py"))])
        for what, file in (("empty pyinfra run", str(empty)), ("nothing to do", "deploy.py")):
            row(what, bench.commands(file), [timed(lambda file=file: bench.run(file)) for _ in range(ROUNDS)])
        hours = [timed(lambda n=n: bench.run("deploy.py", session_ttl_hours=n)) for n in range(10, 13)]
        row("changed setting of the app", "", hours)
        variants = [variant(archives, app, number) for number in range(3)]
        row("changed app", "", [timed(lambda v=v: bench.run("deploy.py", app_image=v)) for v in variants])


def save_all(folder: Path) -> str:
    """Save every image of the local deployment; gives the app's reference."""
    chosen = {name: options[0].reference for name, options in candidates(load({"image_source": "packages"})).items()}
    for name, reference in chosen.items():
        save(folder / f"{name}.tar", reference)
    return chosen["api"]


def save(archive: Path, reference: str) -> None:
    subprocess.run(["docker", "save", "--output", archive, reference], check=True)


def variant(folder: Path, app: str, number: int) -> str:
    """An app that differs in its last layer, archived."""
    reference = f"socialize-preprod-bench/app:{number}"
    recipe = f"FROM {app}\nLABEL bench={number}\n"
    build = ["docker", "build", "--quiet", "--tag", reference, "-"]
    subprocess.run(build, input=recipe, text=True, check=True, capture_output=True)
    save(folder / f"app-{number}.tar", reference)
    subprocess.run(["docker", "rmi", reference], check=True, capture_output=True)
    return reference


def timed(run: Callable[[], object]) -> float:
    started = time.monotonic()
    run()
    return time.monotonic() - started


def row(what: str, commands: object, seconds: list[float]) -> None:
    spread = f"{statistics.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f}) of {len(seconds)}"
    print(f"| {what} | {commands} | {spread} |", flush=True)


if __name__ == "__main__":
    main()
