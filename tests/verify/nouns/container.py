"""A container of the project, as the engine describes it and as the kernel sees its first process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from docker.models.containers import Container as SdkContainer

from verify.nouns.deployment import Service
from verify.nouns.process import Process
from verify.nouns.target import Target


@dataclass(frozen=True, order=True)
class Mount:
    """A bind mount (source: a path of the host) or a volume (source: its name)."""

    source: str
    path: str
    writable: bool


class Container:
    """One container; what is asked of the engine was true when this object was made."""

    def __init__(self, target: Target, service: str, container: SdkContainer) -> None:
        self._target = target
        self._sdk = container
        self._host_config: dict[str, Any] = container.attrs["HostConfig"]
        self._config: dict[str, Any] = container.attrs["Config"]
        self._state: dict[str, Any] = container.attrs["State"]
        self.service = service

    def __repr__(self) -> str:
        return f"container {self._sdk.name} on {self._target}"

    @property
    def component(self) -> str:
        """Entry of the manifest and of the catalogue by which it is judged."""
        return self._target.deployment.component(self.service, self.image)

    @property
    def wanted(self) -> Service:
        """What the manifest says of it."""
        return self._target.deployment.services[self.component]

    # -- what runs -------------------------------------------------------------------------------
    @property
    def status(self) -> str:
        """``running``, ``exited``, ``restarting`` ..."""
        return str(self._state["Status"])

    @property
    def health(self) -> str:
        """``healthy``, ``starting``, ``unhealthy``, or ``none`` where there is no health check."""
        return str(self._state.get("Health", {}).get("Status", "none"))

    @property
    def exit_code(self) -> int:
        return int(self._state["ExitCode"])

    @property
    def image(self) -> str:
        """Reference by which it was created."""
        return str(self._config["Image"])

    @property
    def image_id(self) -> str:
        return str(self._sdk.attrs["Image"])

    @property
    def environment(self) -> dict[str, str]:
        return dict(entry.split("=", 1) for entry in self._config["Env"])

    @property
    def pid(self) -> int:
        """Id on the host of its first process."""
        return int(self._state["Pid"])

    @property
    def process(self) -> Process:
        """Its first process."""
        return Process(self._target, self.pid)

    # -- walls -----------------------------------------------------------------------------------
    @property
    def user(self) -> str:
        return str(self._config["User"])

    @property
    def has_read_only_root(self) -> bool:
        return bool(self._host_config["ReadonlyRootfs"])

    @property
    def dropped(self) -> set[str]:
        return _capabilities(self._host_config["CapDrop"])

    @property
    def given_back(self) -> set[str]:
        return _capabilities(self._host_config["CapAdd"])

    @property
    def security_options(self) -> set[str]:
        return set(self._host_config["SecurityOpt"] or ())

    @property
    def is_privileged(self) -> bool:
        return bool(self._host_config["Privileged"])

    @property
    def host_namespaces(self) -> set[str]:
        """Namespaces that it shares with the host or with another container."""
        modes = {kind: self._host_config[f"{kind}Mode"] for kind in ("Network", "Pid", "Ipc", "UTS", "Userns")}
        return {kind for kind, mode in modes.items() if mode == "host" or mode.startswith("container:")}

    @property
    def devices(self) -> list[Any]:
        return [*(self._host_config["Devices"] or ()), *(self._host_config.get("DeviceRequests") or ())]

    @property
    def restart_policy(self) -> str:
        return str(self._host_config["RestartPolicy"]["Name"])

    # -- limits ----------------------------------------------------------------------------------
    @property
    def memory_bytes(self) -> int:
        """Zero means without limit."""
        return int(self._host_config["Memory"])

    @property
    def cpus(self) -> float:
        """Zero means without limit."""
        return int(self._host_config["NanoCpus"]) / 1e9

    @property
    def pids(self) -> int | None:
        """None means without limit."""
        limit: int | None = self._host_config["PidsLimit"]
        return limit

    @property
    def log_driver(self) -> str:
        return str(self._host_config["LogConfig"]["Type"])

    @property
    def log_options(self) -> dict[str, str]:
        return dict(self._host_config["LogConfig"]["Config"])

    # -- what it reaches -------------------------------------------------------------------------
    @property
    def mounts(self) -> set[Mount]:
        """Bind mounts and volumes."""
        return {Mount(m.get("Name") or m["Source"], m["Destination"], m["RW"]) for m in self._sdk.attrs["Mounts"]}

    @property
    def tmpfs(self) -> frozenset[str]:
        return frozenset(self._host_config["Tmpfs"] or ())

    @property
    def networks(self) -> set[str]:
        return set(self._sdk.attrs["NetworkSettings"]["Networks"])

    @property
    def addresses(self) -> dict[str, str]:
        """Network -> its address there; the host reaches all of them."""
        networks = self._sdk.attrs["NetworkSettings"]["Networks"]
        return {name: network["IPAddress"] for name, network in networks.items() if network["IPAddress"]}

    @property
    def address(self) -> str:
        """One of its addresses.

        :raises LookupError: it has none, because it does not run.
        """
        for address in self.addresses.values():
            return address
        raise LookupError(f"{self} has no address: it is {self.status}")

    @property
    def published(self) -> set[str]:
        """Addresses of the host that lead in, as ``127.0.0.1:8080``; ``/udp`` at the end where it is not TCP."""
        ports: dict[str, list[dict[str, str]] | None] = self._sdk.attrs["NetworkSettings"]["Ports"]
        return {
            f"{place['HostIp']}:{place['HostPort']}" + ("" if inside.endswith("/tcp") else "/" + inside.split("/")[1])
            for inside, places in ports.items()
            for place in places or ()
        }

    # -- doing something -------------------------------------------------------------------------
    def log(self, **options: Any) -> str:
        """What it wrote to standard output and standard error; options as in the SDK (``since``, ``tail``)."""
        return str(self._sdk.logs(**options).decode(errors="replace"))

    def output(self, *argv: str) -> str:
        """Standard output of a program run inside.

        :raises RuntimeError: it fails.
        """
        code, output = self._sdk.exec_run(list(argv))
        text: str = output.decode(errors="replace")
        if code:
            raise RuntimeError(f"in {self}: {argv[0]} ended with {code}: {text.strip()}")
        return text


def _capabilities(names: list[str] | None) -> set[str]:
    # Engines since 23 write the prefix, older ones keep what the client sent.
    return {name.removeprefix("CAP_") for name in names or ()}
