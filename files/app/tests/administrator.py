"""Somebody who administers the deployment, in a browser."""

import httpx2
import program
from client import PASSWORD, Person
from program import Server

COOKIE, PAGE = "socialize_admin", "/admin/ops"


def promoted(person: Person) -> Person:
    """The person, whom the command has made an administrator."""
    done = program.run("admin", "grant", person.email.upper(), env=person.server.env)
    assert (done.returncode, done.stderr) == (0, "")
    return person


def log_in(server: Server, email: str, password: str = PASSWORD, **headers: str) -> httpx2.Response:
    """The answer to the form of the page, sent by a browser that has no cookies."""
    form = {"email": email, "password": password}
    return server.client().post("/admin/log-in", data=form, headers=headers)


def browser(person: Person) -> httpx2.Client:
    """A browser that has logged in."""
    answer = log_in(person.server, person.email)
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    client = person.server.client()
    # By hand: a server whose address is https gets no cookie over http, and the one under test speaks http.
    client.headers["Cookie"] = f"{COOKIE}={answer.cookies[COOKIE]}"
    return client
