"""A request through Caddy is found again in every store."""

from __future__ import annotations

import pytest

from preprod.contract import Contract, spans
from verify.nouns.deployment import Deployment
from verify.nouns.flow import Flow
from verify.nouns.jobs import Jobs
from verify.nouns.loki import EVERYTHING, LINE_SECONDS, LokiQuery
from verify.nouns.machine import Machine
from verify.nouns.prometheus import PromQuery
from verify.nouns.tempo import SPAN_METRICS_SECONDS, SPAN_SECONDS, Tempo, TempoTrace
from verify.nouns.waiting import eventually

pytestmark = pytest.mark.needs("observability")

COMMENT_SPANS = 3
"""At least: the request, who asks, and the new row."""


def _trace(flow: Flow, tempo: Tempo) -> TempoTrace:
    return tempo.arrived(flow.comment.trace_id, COMMENT_SPANS, flow.left(SPAN_SECONDS))


def test_it_is_counted(flow: Flow, prometheus: PromQuery) -> None:
    counted = eventually(lambda: flow.growth(flow.comments), flow.patience)
    assert counted >= 1, f"{flow.comments} of {prometheus} should have grown with {flow.comment}"


def test_it_is_measured(flow: Flow, prometheus: PromQuery) -> None:
    answers = eventually(lambda: flow.growth(flow.answers), flow.patience)
    assert answers >= 1, f"{flow.answers} of {prometheus} should have grown with {flow.comment}"
    assert 0 < flow.growth(flow.seconds) < 20 * answers, f"seconds that {flow.comment} took, by {prometheus}"


@pytest.mark.needs("exemplars", "tempo")
def test_its_measurement_leads_to_its_trace(flow: Flow, prometheus: PromQuery) -> None:
    def led_to() -> bool:
        exemplars = prometheus.exemplars(flow.buckets, flow.comment.at)
        return flow.comment.trace_id in {labels.get("trace_id") for labels in exemplars}

    assert eventually(led_to, flow.patience), f"{flow.comment} as an exemplar of {flow.buckets} in {prometheus}"


@pytest.mark.needs("tempo")
def test_it_is_a_trace(flow: Flow, tempo: Tempo) -> None:
    sent, trace = flow.comment, _trace(flow, tempo)
    servers = trace.of("server", sent.span_name)
    assert len(servers) == 1, f"{tempo} should have one span of {sent}"
    server = servers[0]
    told = (server.parent_id, server.attributes["correlation_id"], server.attributes["http.response.status_code"])
    assert told == (sent.span_id, sent.correlation_id, str(sent.status)), f"{server} in {tempo}"
    stored = [span for span in trace.below(server) if span.name == "INSERT socialize"]
    assert [(span.kind, span.attributes["db.system.name"]) for span in stored] == [("client", "postgresql")]


@pytest.mark.needs("tempo")
def test_its_spans_are_those_of_the_contract(flow: Flow, tempo: Tempo, contract: Contract) -> None:
    common = set(contract.spans.common_attributes)
    found = _trace(flow, tempo).spans
    assert len(found) >= COMMENT_SPANS, f"{tempo} should have all spans of {flow.comment}"
    for span in found:
        kinds = [kind for kind in spans(contract) if kind.kind == span.kind and kind.matches(span.name)]
        assert kinds, f"{span} is none that the contract describes"
        allowed = common.union(*(kind.attributes for kind in kinds))
        assert span.attributes.keys() <= allowed, f"attributes of {span}"
        assert span.resource.keys() == contract.resource.keys(), f"resource attributes of {span}"


@pytest.mark.needs("tempo")
def test_its_spans_say_what_sent_them(flow: Flow, tempo: Tempo, api_service: str, deployment: Deployment) -> None:
    keys = ("service.name", "service.version", "deployment.environment.name")
    told = {tuple(span.resource.get(key) for key in keys) for span in _trace(flow, tempo).spans}
    assert told == {(api_service, deployment.services["api"].version, deployment.environment)}, f"spans in {tempo}"


@pytest.mark.needs("tempo")
def test_metrics_are_made_of_its_span(flow: Flow, prometheus: PromQuery) -> None:
    made = eventually(lambda: flow.growth(flow.calls), flow.left(SPAN_METRICS_SECONDS))
    assert made >= 1, f"{flow.calls} of {prometheus} should have grown with {flow.comment}"


@pytest.mark.needs("loki", "request lines")
def test_it_is_in_the_log(flow: Flow, loki: LokiQuery, api_service: str, deployment: Deployment) -> None:
    sent = flow.comment
    query = f'{{service_name="{api_service}",log_type="request"}} | trace_id="{sent.trace_id}"'
    found = eventually(lambda: loki.lines(query, sent.at), flow.left(LINE_SECONDS))
    assert len(found) == 1, f"{loki} should have one line of {sent}"
    told = tuple(found[0].fields[name] for name in ("method", "route", "status", "correlation_id"))
    assert told == (sent.method, sent.route, sent.status, sent.correlation_id), f"the line of {sent} in {loki}"
    labels = tuple(found[0].labels[name] for name in ("level", "environment", "correlation_id"))
    assert labels == ("info", deployment.environment, sent.correlation_id), f"labels of the line of {sent} in {loki}"


@pytest.mark.needs("loki")
def test_what_it_did_is_on_record(flow: Flow, loki: LokiQuery, api_service: str) -> None:
    sent = flow.comment
    query = f'{{service_name="{api_service}",log_type="audit"}} | trace_id="{sent.trace_id}"'
    found = eventually(lambda: loki.lines(query, sent.at), flow.left(LINE_SECONDS))
    assert [line.fields["action"] for line in found] == ["comment.created"], f"audit events of {sent} in {loki}"


@pytest.mark.needs("loki")
def test_streams_are_made_by_few_labels(flow: Flow, loki: LokiQuery) -> None:
    found = eventually(lambda: loki.labels(flow.comment.at), flow.left(LINE_SECONDS))
    assert found == {"service_name", "level", "log_type", "environment"}, f"labels in {loki}"


@pytest.mark.needs("loki", "request lines")
def test_a_job_is_in_the_log(jobs: Jobs, loki: LokiQuery, machine: Machine) -> None:
    at, trace_id = machine.now, jobs.clean_up()
    query = f'{EVERYTHING} | trace_id="{trace_id}"'
    found = eventually(lambda: [line.fields["message"] for line in loki.lines(query, at)], LINE_SECONDS)
    assert trace_id, "the worker should name the trace of a job"
    assert "job done" in found, f"{loki} should have the line of the job in trace {trace_id}"


@pytest.mark.needs("tempo", "request lines")
def test_a_job_is_a_trace_that_leads_to_what_queued_it(jobs: Jobs, tempo: Tempo) -> None:
    # Each run of a recurring job queues the next.
    earlier, later = jobs.clean_up(), jobs.clean_up()
    process = tempo.arrived(later, spans=2).of("consumer", "process socialize.jobs")
    assert len(process) == 1, f"{tempo} should have the span of a job in trace {later}"
    assert process[0].linked_traces == (earlier,), f"{process[0]} in {tempo} should lead to what queued it"
    assert tempo.arrived(earlier, spans=2).of("producer", "send socialize.jobs"), f"trace {earlier} in {tempo}"
