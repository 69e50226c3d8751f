#!/usr/bin/env python3
"""The released OpenHands SDK against our server, with the real agent-server inside.

    sdk.py --runtime-api-url http://127.0.0.1:9000 --api-key KEY

One story, told in order: a sandbox is started, used, found again, paused, resumed, stopped and started anew. Each check
prints `ok NAME` or `FAIL NAME: reason`; the last line is `N passed, N failed`, and the status is 1 if one failed. What
the story has started is stopped at its end, however it ends.

`cargo xtask venv` prints the environment whose `bin/python` has what is imported here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import secrets
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

os.environ |= {
    "OPENHANDS_SUPPRESS_BANNER": "1",
    "LOG_LEVEL": "ERROR",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}

import httpx
from openhands.sdk import LLM, Agent, Conversation, Event
from openhands.sdk.event import MessageEvent
from openhands.workspace import APIRemoteWorkspace

IMAGE = "ghcr.io/openhands/agent-server:1.58.2-python"
COMMAND = "/usr/local/bin/openhands-agent-server --port 60000"

# What a server could be tempted to expand, trim, split or leave out on the way to the sandbox.
VERBATIM = {
    "PINFOLD_EMPTY": "",
    "PINFOLD_SPACES": "  two before, one after ",
    "PINFOLD_QUOTES": "it's \"quoted\" with `ticks` and a \\ at its end\\",
    "PINFOLD_DOLLARS": "$HOME ${HOME} $(HOME) $$ $$(HOME) %HOME%",
    "PINFOLD_LINES": "first=1\nsecond\ttabbed",
    "PINFOLD_LETTERS": "äßŁ漢字🐕",
}
# A path below /workspace is the sandbox's own directory, wherever the server keeps it.
HOME_NAME, HOME_PATH = "PINFOLD_HOME", "/workspace/story"
# Without it, the agent-server asks the internet for prices of language models when it boots.
QUIET_NAME = "LITELLM_LOCAL_MODEL_COST_MAP"


class Wrong(Exception):
    """Something is not as it must be."""


def must(condition: object, reason: str) -> None:
    if not condition:
        raise Wrong(reason)


def same(what: str, found: object, wanted: object) -> None:
    must(found == wanted, f"{what}: found {found!r}, wanted {wanted!r}")


def until(what: str, bound: float, look: Callable[[], tuple[bool, object]]) -> None:
    """Looks until the first of the pair is true; the second is what an error tells."""
    end = time.monotonic() + bound
    while not (found := look())[0]:
        must(time.monotonic() < end, f"waited {bound:.0f} s for {what}; last seen: {found[1]!r}")
        time.sleep(0.1)


@dataclass(frozen=True)
class Identity:
    """What clients hold on to, so that it must not change while a sandbox is open."""

    id: str
    url: str
    key: str

    @staticmethod
    def of(runtime: dict[str, Any]) -> Identity:
        return Identity(runtime["runtime_id"], runtime["url"], runtime["session_api_key"])


@dataclass
class Api:
    """The management API over plain HTTP: what the SDK has no call for."""

    base: str
    key: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    def call(self, method: str, path: str, wanted: int = 200, **more: Any) -> Any:
        answer = self.http.request(method, self.base + path, headers={"X-API-Key": self.key}, **more)
        same(f"status of {method} {path} ({answer.text[:200]})", answer.status_code, wanted)
        return answer.json()

    def session(self, session: str) -> dict[str, Any]:
        return self.call("GET", f"/sessions/{session}")

    def wait_status(self, session: str, wanted: str) -> None:
        def look() -> tuple[bool, object]:
            status = self.session(session)["status"]
            return status == wanted, status

        until(f"{session} to be {wanted}", 60, look)

    def wait_url(self, url: str, *wanted: object) -> None:
        """The gateway hears of a change a moment after the API has answered. A closed port counts as `None`."""

        def look() -> tuple[bool, object]:
            try:
                status = self.http.get(f"{url}/alive").status_code
            except httpx.ConnectError:
                status = None
            return status in wanted, status

        until(f"{url} to answer {wanted}", 30, look)

    def live_sessions(self) -> list[str]:
        listed = self.call("GET", "/list")
        same("total of /list", listed["total"], len(listed["runtimes"]))
        return [runtime["session_id"] for runtime in listed["runtimes"]]


class Story:
    """What the checks share: the API, one sandbox, and what must be cleaned up."""

    def __init__(self, base: str, key: str, scratch: Path) -> None:
        self.api = Api(base, key)
        self.scratch = scratch
        self.session = f"sdk-story-{secrets.token_hex(4)}"
        self.home = ""
        self._workspace: APIRemoteWorkspace | None = None
        self._identity: Identity | None = None

    def open(self, **more: Any) -> APIRemoteWorkspace:
        """As a user does it: the constructor starts, attaches or resumes, and returns when the sandbox answers."""
        settings: dict[str, Any] = {
            "runtime_api_url": self.api.base,
            "runtime_api_key": self.api.key,
            "server_image": IMAGE,
            "session_id": self.session,
            "startup_wait_timeout": 180,
            "forward_env": [HOME_NAME, QUIET_NAME, *VERBATIM],
        }
        return APIRemoteWorkspace(**(settings | more))

    def begin(self) -> None:
        self._workspace = self.open()
        self._identity = Identity.of(self.api.session(self.session))

    @property
    def workspace(self) -> APIRemoteWorkspace:
        must(self._workspace, "there is no sandbox, because it did not start")
        assert self._workspace
        return self._workspace

    @property
    def identity(self) -> Identity:
        must(self._identity, "there is no sandbox, because it did not start")
        assert self._identity
        return self._identity

    def run(self, command: str, workspace: APIRemoteWorkspace | None = None) -> str:
        """Standard output of a command that must succeed."""
        result = (workspace or self.workspace).execute_command(command)
        same(f"exit code of {command!r} ({result.stderr.strip()[:200]})", result.exit_code, 0)
        return result.stdout

    def clean_up(self) -> None:
        answer = self.api.http.get(
            f"{self.api.base}/sessions/{self.session}", headers={"X-API-Key": self.api.key}
        )
        if answer.status_code == 200 and answer.json()["status"] != "stopped":
            self.api.call("POST", "/stop", json={"runtime_id": answer.json()["runtime_id"]})


CHECKS: list[Callable[[Story], None]] = []


def check(function: Callable[[Story], None]) -> Callable[[Story], None]:
    CHECKS.append(function)
    return function


# Before there is a sandbox


@check
def health_needs_no_key(story: Story) -> None:
    same("status", httpx.get(f"{story.api.base}/health", timeout=30).status_code, 200)


@check
def a_wrong_key_starts_nothing(story: Story) -> None:
    try:
        story.open(runtime_api_key=story.api.key + "x")
    except httpx.HTTPStatusError as error:
        same("status", error.response.status_code, 401)
        must(isinstance(error.response.json()["detail"], str), "the answer has no detail")
    else:
        raise Wrong("a workspace was made with a wrong key")
    story.api.call("GET", f"/sessions/{story.session}", wanted=404)


# A sandbox and its use


@check
def start(story: Story) -> None:
    story.begin()
    runtime = story.api.session(story.session)
    same("states", (runtime["status"], runtime["pod_status"]), ("running", "ready"))
    same("restarts", (runtime["restart_count"], runtime["restart_reasons"]), (0, []))
    same("runtime by id", Identity.of(story.api.call("GET", f"/runtime/{story.identity.id}")), story.identity)
    must(story.workspace.alive, "the workspace is not alive")


@check
def a_command_gives_output_and_exit_code(story: Story) -> None:
    result = story.workspace.execute_command("echo 'to out'; echo 'to err' >&2; exit 7")
    same("result", (result.stdout, result.stderr, result.exit_code), ("to out\n", "to err\n", 7))


@check
def commands_run_side_by_side(story: Story) -> None:
    outputs: dict[int, str] = {}

    def one(number: int) -> None:
        outputs[number] = story.workspace.execute_command(f"sleep 0.2; echo {number}").stdout

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    same("outputs", outputs, {number: f"{number}\n" for number in range(8)})


@check
def the_environment_is_verbatim(story: Story) -> None:
    for name, value in VERBATIM.items():
        same(name, story.run(f"printenv {name}"), f"{value}\n")


@check
def the_workspace_is_a_directory_of_its_own(story: Story) -> None:
    story.home = story.run(f'mkdir -p "${HOME_NAME}" && cd "${HOME_NAME}" && pwd -P').strip()
    must(story.home.endswith("/story"), f"{HOME_PATH} became {story.home}")


@check
def the_session_key_guards_the_sandbox(story: Story) -> None:
    url = f"{story.identity.url}/api/bash/bash_events/search"
    for headers, wanted in (
        ({}, 401),
        ({"X-Session-API-Key": story.api.key}, 401),
        ({"X-API-Key": story.api.key}, 401),
        ({"X-Session-API-Key": story.identity.key}, 200),
    ):
        same(f"status with {list(headers)}", story.api.http.get(url, headers=headers).status_code, wanted)


@check
def files_go_there_and_back(story: Story) -> None:
    content, sent, got = secrets.token_bytes(3 << 20), story.scratch / "sent", story.scratch / "got"
    sent.write_bytes(content)
    for name in ("plain.bin", "with a space/50 % & more.bin", "a%2Fb+c?d#e.bin", "漢字.bin"):
        there = f"{story.home}/{name}"
        up = story.workspace.file_upload(sent, there)
        must(up.success, f"upload of {name!r}: {up.error}")
        digest = story.run(f"cat '{there}' | sha256sum").split()[0]
        same(f"digest of {name!r} in the sandbox", digest, hashlib.sha256(content).hexdigest())
        down = story.workspace.file_download(there, got)
        must(down.success, f"download of {name!r}: {down.error}")
        must(got.read_bytes() == content, f"{name!r} came back as something else")


@check
def a_missing_file_is_an_error(story: Story) -> None:
    down = story.workspace.file_download(f"{story.home}/missing", story.scratch / "missing")
    must(not down.success, "a file came that is not there")


@check
def a_conversation_answers_over_its_websocket(story: Story) -> None:
    """Event by event, as the agent in the sandbox talks with a language model (ours, with one thing to say)."""
    heard: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, MessageEvent):
            heard.append(event.source)

    # The agent works in a directory that the sandbox has; `/workspace` is one inside of images only.
    story.workspace.working_dir = story.home
    with language_model("Nothing to do.") as base_url:
        llm = LLM(model="openai/story", api_key="none", base_url=base_url, usage_id="story", num_retries=0)
        conversation = Conversation(
            agent=Agent(llm=llm, tools=[]), workspace=story.workspace, callbacks=[listen], visualizer=None
        )
        try:
            conversation.send_message("Is there anything to do?")
            conversation.run(timeout=120)
            until("both messages", 30, lambda: ({"user", "agent"} <= set(heard), heard))
        finally:
            conversation.close()


@contextmanager
def language_model(answer: str) -> Iterator[str]:
    """An endpoint of the chat completions API on loopback that always says the same."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            message = {"role": "assistant", "content": answer}
            completion = {
                "id": "story",
                "object": "chat.completion",
                "created": 0,
                "model": "story",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            }
            body = json.dumps(completion).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


# One session, one sandbox


@check
def a_second_start_finds_the_same_sandbox(story: Story) -> None:
    body = {"image": IMAGE, "command": COMMAND, "session_id": story.session}
    same("answer of /start", Identity.of(story.api.call("POST", "/start", wanted=201, json=body)), story.identity)


@check
def a_second_client_shares_the_sandbox(story: Story) -> None:
    story.run(f"echo shared > '{story.home}/shared'")
    second = story.open(keep_alive=True)
    try:
        same("file", story.run(f"cat '{story.home}/shared'", second), "shared\n")
    finally:
        second.cleanup()
    same("status after it left", story.api.session(story.session)["status"], "running")


@check
def lists_and_batches_tell_of_it(story: Story) -> None:
    must(story.session in story.api.live_sessions(), "it is not in /list")
    ids = [story.session, "nobody's", story.session]
    batch = story.api.call("GET", "/sessions/batch", params=[("ids", id) for id in ids])
    same("batch", [Identity.of(runtime) for runtime in batch], [story.identity])


# Pause and resume


@check
def a_paused_sandbox_is_unavailable(story: Story) -> None:
    story.run(f"echo kept > '{story.home}/kept'")
    story.workspace.pause()
    story.api.wait_status(story.session, "paused")
    story.api.wait_url(story.identity.url, 503)
    runtime = story.api.session(story.session)
    same("pod_status", runtime["pod_status"], "not found")
    same("what clients hold", Identity.of(runtime), story.identity)
    must(story.session not in story.api.live_sessions(), "it is in /list")


@check
def a_second_pause_changes_nothing(story: Story) -> None:
    story.workspace.pause()
    same("status", story.api.session(story.session)["status"], "paused")


@check
def a_resumed_sandbox_goes_on(story: Story) -> None:
    story.workspace.resume()
    runtime = story.api.session(story.session)
    same("states", (runtime["status"], runtime["pod_status"]), ("running", "ready"))
    same("what clients hold", Identity.of(runtime), story.identity)
    # By the client of before, with its old url and key.
    same("file", story.run(f"cat '{story.home}/kept'"), "kept\n")
    same("environment", story.run("printenv PINFOLD_DOLLARS"), VERBATIM["PINFOLD_DOLLARS"] + "\n")


@check
def start_on_a_paused_session_resumes_it(story: Story) -> None:
    story.workspace.pause()
    story.api.wait_status(story.session, "paused")
    body = {"image": IMAGE, "command": COMMAND, "session_id": story.session}
    same("answer of /start", Identity.of(story.api.call("POST", "/start", wanted=201, json=body)), story.identity)
    story.api.wait_status(story.session, "running")
    same("file", story.run(f"cat '{story.home}/kept'"), "kept\n")


# Stop


@check
def a_stopped_sandbox_is_gone(story: Story) -> None:
    story.workspace.cleanup()
    story.api.wait_status(story.session, "stopped")
    # Where a sandbox has a port of its own, that is closed or somebody else's by now.
    story.api.wait_url(story.identity.url, 404, None)
    must(story.session not in story.api.live_sessions(), "it is in /list")
    story.api.call("POST", "/stop", json={"runtime_id": story.identity.id})
    story.api.call("POST", "/resume", wanted=404, json={"runtime_id": story.identity.id})


@check
def a_stopped_session_starts_anew(story: Story) -> None:
    before, file = story.identity, f'"${HOME_NAME}/kept"'
    story.begin()
    must(story.identity.id != before.id, "it has the old id")
    must(story.identity.key != before.key, "it has the old key")
    same("exit code of a look at the old file", story.workspace.execute_command(f"test -e {file}").exit_code, 1)
    story.workspace.cleanup()
    story.api.wait_status(story.session, "stopped")


def tell(story: Story) -> int:
    """Runs all checks; gives how many failed."""
    failed = 0
    for function in CHECKS:
        try:
            function(story)
        except Exception as error:
            failed += 1
            reason = str(error) if isinstance(error, Wrong) else f"{type(error).__name__}: {error}"
            print(f"FAIL {function.__name__}: {' '.join(reason.split())[:600]}", flush=True)
        else:
            print(f"ok {function.__name__}", flush=True)
    print(f"{len(CHECKS) - failed} passed, {failed} failed", flush=True)
    return failed


def terminated(*_: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runtime-api-url", required=True)
    parser.add_argument("--api-key", required=True)
    options = parser.parse_args()

    logging.disable(logging.CRITICAL)
    # As an exception, so that what was started is stopped.
    signal.signal(signal.SIGTERM, terminated)
    os.environ |= VERBATIM | {HOME_NAME: HOME_PATH}
    with tempfile.TemporaryDirectory(prefix="sdk-story-") as scratch:
        story = Story(options.runtime_api_url.rstrip("/"), options.api_key, Path(scratch))
        try:
            return 1 if tell(story) else 0
        finally:
            story.clean_up()


if __name__ == "__main__":
    sys.exit(main())
