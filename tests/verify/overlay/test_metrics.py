"""What Prometheus has, held against the telemetry contract, the containers, and the host."""

from __future__ import annotations

from functools import partial
from itertools import product

import pytest

from preprod.contract import Contract, Signal, signals
from preprod.contract.names import label_name
from verify.nouns.deployment import Deployment
from verify.nouns.machine import Machine
from verify.nouns.prometheus import PromQuery
from verify.nouns.waiting import eventually

pytestmark = pytest.mark.needs("observability")

WITHOUT_CONTRACT = {"target_info", "up"}
"""Metrics of the app's jobs that Prometheus, or the SDK for it, adds."""

Labels = frozenset[tuple[str, str]]


def _found(prometheus: PromQuery, metric: Signal, service: str) -> set[Labels]:
    names = [label_name(label) for label in metric.labels]
    samples = prometheus.samples(f'{metric.exposed[0]}{{job="{service}"}}')
    return {frozenset((name, sample.labels.get(name, "")) for name in names) for sample in samples}


def _arrived(prometheus: PromQuery, metric: Signal, service: str, wanted: set[Labels], patience: float) -> set[Labels]:
    """What is found, once it is what is wanted; whatever there is when time is up."""
    eventually(lambda: _found(prometheus, metric, service) == wanted, patience)
    return _found(prometheus, metric, service)


# -- the contract ------------------------------------------------------------------------------------
def test_a_counter_is_there_with_every_combination_of_labels(
    counter: Signal, prometheus: PromQuery, patience: float
) -> None:
    wanted = {
        frozenset(zip(map(label_name, counter.labels), values, strict=True))
        for values in product(*counter.labels.values())
    }
    for service in counter.services:
        found = _arrived(prometheus, counter, service, wanted, patience)
        assert found == wanted, f"label combinations of {counter.prometheus} of {service} in {prometheus}"


@pytest.mark.usefixtures("flow")
def test_a_gauge_is_there(gauge: Signal, prometheus: PromQuery, patience: float) -> None:
    for service in gauge.services:
        found = eventually(partial(_found, prometheus, gauge, service), patience)
        assert found, f"{prometheus} should have {gauge.prometheus} of {service}"


@pytest.mark.usefixtures("flow")
def test_no_label_has_a_value_that_is_not_allowed(metric: Signal, prometheus: PromQuery) -> None:
    allowed = {label_name(label): {*values, ""} for label, values in metric.labels.items()}
    for service, name in product(metric.services, allowed):
        found = prometheus.label(f'{metric.exposed[0]}{{job="{service}"}}', name)
        assert found <= allowed[name], f"label {name} of {metric.prometheus} of {service} in {prometheus}"


def test_there_is_no_metric_that_is_not_in_the_contract(prometheus: PromQuery, contract: Contract) -> None:
    allowed = {name for signal in signals(contract) for name in signal.exposed} | WITHOUT_CONTRACT
    jobs = "|".join(contract.services)
    # Rules (with a colon), alerts, and what Tempo makes of spans carry the job of what they are made of.
    query = f'{{job=~"{jobs}",__name__!~".*:.*|traces_.*|scrape_.*|ALERTS.*"}}'
    found = prometheus.label(query, "__name__")
    assert found, f"{prometheus} should have metrics of {jobs}"
    assert found <= allowed, f"metrics of {jobs} in {prometheus}"


def test_a_service_says_what_it_is(prometheus: PromQuery, contract: Contract, deployment: Deployment) -> None:
    # The first two may be job and instance alone.
    told_otherwise = {"service_name", "service_instance_id"}
    wanted = {label_name(attribute) for attribute in contract.resource} - told_otherwise
    for service in contract.services:
        found = prometheus.samples(f'target_info{{job="{service}"}}')
        assert found, f"{prometheus} should have target_info of {service}"
        for sample in found:
            assert wanted <= sample.labels.keys(), f"target_info of {service} in {prometheus}"
            assert sample.labels["deployment_environment_name"] == deployment.environment
        versions = {sample.labels["service_version"] for sample in found}
        assert deployment.services["api"].version in versions, f"versions of {service} in {prometheus}"


# -- what else is watched ----------------------------------------------------------------------------
@pytest.mark.needs("engine-proxy")
def test_containers_are_measured_under_the_names_of_their_services(
    prometheus: PromQuery, deployment: Deployment, patience: float
) -> None:
    query = f'container_memory_working_set_bytes{{project="{deployment.project}"}} > 0'

    def found() -> set[str]:
        return prometheus.label(query, "service") & deployment.services.keys()

    eventually(lambda: found() == deployment.services.keys(), patience)
    assert found() == deployment.services.keys(), f"services by {query} of {prometheus}"


@pytest.mark.needs("node-exporter")
def test_the_host_is_measured_and_not_the_container(prometheus: PromQuery, machine: Machine) -> None:
    where, size = machine.data_file_system
    wanted = {
        "node_memory_MemTotal_bytes": machine.memory_bytes,
        "node_boot_time_seconds": machine.boot_time,
        f'node_filesystem_size_bytes{{mountpoint="{where}"}}': size,
    }
    for query, value in wanted.items():
        assert {sample.value for sample in prometheus.samples(query)} == {value}, f"{query} of {prometheus}"


@pytest.mark.needs("postgres-exporter")
def test_the_database_of_the_app_is_measured(prometheus: PromQuery) -> None:
    assert prometheus.label("pg_up == 1", "job") == {"postgres-exporter"}, f"pg_up of {prometheus}"
    databases = prometheus.label("pg_database_size_bytes > 0", "datname")
    assert "socialize" in databases, f"databases by pg_database_size_bytes of {prometheus}"
