"""A secret that somebody lets slip is in none of the stores, although the rest of what they said is."""

from __future__ import annotations

import pytest

from verify.nouns.bystander import Bystander
from verify.nouns.flow import Flow
from verify.nouns.loki import EVERYTHING, LINE_SECONDS, LokiQuery
from verify.nouns.machine import Machine
from verify.nouns.prometheus import PromQuery
from verify.nouns.tempo import SPAN_SECONDS, Tempo
from verify.nouns.traffic import finding
from verify.nouns.waiting import eventually

pytestmark = pytest.mark.needs("observability")


def test_a_secret_in_a_request_is_in_no_metric(flow: Flow, prometheus: PromQuery) -> None:
    counted = eventually(lambda: flow.growth(flow.refusals), flow.patience)
    assert counted >= 1, f"{prometheus} should have counted {flow.log_in}"
    # Not compared in the assertion itself, which would print all of it.
    found = flow.canary.word in prometheus.everything(flow.log_in.at)
    assert not found, f"{prometheus} has a label with what {flow.log_in} carried as password or token"


@pytest.mark.needs("tempo")
def test_a_secret_in_a_request_is_in_no_trace(flow: Flow, tempo: Tempo) -> None:
    trace = tempo.arrived(flow.log_in.trace_id, 1, flow.left(SPAN_SECONDS))
    assert trace.of("server", flow.log_in.span_name), f"{tempo} should have {flow.log_in}"
    found = flow.canary.word in trace.text
    assert not found, f"the trace of {flow.log_in} in {tempo} has what it carried as password or token"


@pytest.mark.needs("loki", "request lines")
def test_a_secret_in_a_request_is_in_no_line(flow: Flow, loki: LokiQuery) -> None:
    sent = flow.log_in
    query = f'{EVERYTHING} | trace_id="{sent.trace_id}"'
    lines = eventually(lambda: loki.lines(query, sent.at), flow.left(LINE_SECONDS))
    assert lines, f"{loki} should have the line of {sent}"
    told = [str(dict(line.labels)) + line.text for line in lines]
    assert not [at for at, text in enumerate(told) if flow.canary.word in text], f"lines of {sent} in {loki}"
    found = [line.labels for line in loki.lines(f"{EVERYTHING} |~ `{finding(flow.canary.word)}`", sent.at)]
    assert found == [], f"streams of {loki} with what {sent} carried as password or token"


@pytest.mark.needs("loki")
def test_a_secret_that_another_container_prints_is_in_no_line(
    bystander: Bystander, loki: LokiQuery, machine: Machine
) -> None:
    since = machine.now - LINE_SECONDS
    query = f"{EVERYTHING} |~ `{finding(bystander.name)} logged in with`"
    lines = eventually(lambda: loki.lines(query, since), LINE_SECONDS)
    assert lines, f"{loki} should have the line of {bystander}"
    found = [line.labels for line in loki.lines(f"{EVERYTHING} |~ `{finding(bystander.canary.word)}`", since)]
    assert found == [], f"streams of {loki} with the password that {bystander} printed"
