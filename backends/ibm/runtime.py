"""The adapter: everything that this project asks of qiskit-ibm-runtime, in its own terms and errors.

Circuits go to the executor's client-side Sampler, the current primitive. The client repeats submissions by itself
when a response is lost, which would pay twice; it is stopped from doing so here, and `backends.remote` decides instead.
"""

from __future__ import annotations

import copy
import json
import logging
import math
import os
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import qiskit_ibm_runtime
from qiskit.exceptions import QiskitError
from qiskit_ibm_runtime.accounts import AccountNotFoundError, InvalidAccountError
from qiskit_ibm_runtime.exceptions import IBMInputValueError, IBMNotAuthorizedError, RuntimeJobNotFound
from qiskit_ibm_runtime.executor_sampler import Sampler
from qiskit_ibm_runtime.models import BackendProperties, QasmBackendConfiguration
from qiskit_ibm_runtime.utils.backend_converter import convert_to_target
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException

from ..errors import InputError, PausedError, UsageLimitError, unknown_name
from ..pubs import Pub
from ..remote.errors import Missing, Unreachable
from ..remote.qpu import JobStatus, State
from .options import Options

_ACCOUNT = (
    "save one with QiskitRuntimeService.save_account(token=..., instance=...), or set QISKIT_IBM_TOKEN and "
    "QISKIT_IBM_INSTANCE"
)
OFFLINE = "QPARTITION_OFFLINE"
"""Environment variable: while it is set, nothing here contacts IBM Quantum."""
_STATES = {
    "INITIALIZING": State.QUEUED,
    "QUEUED": State.QUEUED,
    "RUNNING": State.RUNNING,
    "DONE": State.DONE,
    "ERROR": State.FAILED,
    "CANCELLED": State.CANCELLED,
}
_HOPELESS = frozenset({1002, 1003, 1005, 1007, 1305})
"""Reason codes of jobs that would fail again: invalid, not transpiled, no such gate or backend, out of time."""
_TIMEOUT = (10.0, 120.0)
"""Seconds to connect, and to wait for an answer."""
_LONGEST_JOB = 10_800
"""Seconds: the service ends jobs after three hours."""


class LaneClosed(PausedError):
    """The batch or session takes no more jobs."""


class _OneTry(HTTPAdapter):
    """Sends a request once, and does not wait for an answer for ever."""

    def send(
        self,
        request: Any,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Any:
        return super().send(request, stream, timeout or _TIMEOUT, verify, cert, proxies)


def fake_backends() -> dict[str, Any]:
    """The classes of the fake backends that come with the client, by the names of their snapshots."""
    from qiskit_ibm_runtime.fake_provider import backends

    named = {getattr(each, "backend_name", None): each for each in vars(backends).values() if isinstance(each, type)}
    return {name: each for name, each in named.items() if isinstance(name, str)}


class Account:
    """A connection to IBM Quantum."""

    def __init__(self, service: Any) -> None:
        """With a ``QiskitRuntimeService``."""
        self.service = service
        self._secret = _secret(service)
        with suppress(AttributeError):  # a service that is made differently keeps its retries; tags still find doubles
            for client in service._api_clients.values():
                session = client._session
                for path in ("/jobs", "/sessions"):
                    session.mount(session.base_url + path, _OneTry(max_retries=0))

    @classmethod
    def default(cls) -> Account:
        """The account of the usual environment variables, or else the saved one.

        Raises:
            InputError: If there is none, its token is rejected, or QPARTITION_OFFLINE is set.
            PausedError: If the service cannot be reached.
        """
        made = qiskit_ibm_runtime.QiskitRuntimeService
        if os.environ.get(OFFLINE) and getattr(made, "__module__", "").startswith("qiskit_ibm_runtime"):
            raise InputError(f"IBM Quantum is not contacted, since {OFFLINE} is set; unset it to use your account")
        try:
            with _quiet():
                return cls(made())
        except AccountNotFoundError:
            raise InputError(f"no IBM Quantum account is known here; {_ACCOUNT}") from None
        except (InvalidAccountError, IBMNotAuthorizedError, IBMInputValueError) as error:
            reason = _redacted(error, os.environ.get("QISKIT_IBM_TOKEN"))
            raise InputError(f"IBM Quantum does not accept the account ({reason}); {_ACCOUNT}") from None
        except (QiskitError, RequestException) as error:
            reason = _redacted(error, os.environ.get("QISKIT_IBM_TOKEN"))
            raise PausedError(f"IBM Quantum cannot be reached ({reason}); try again later") from None

    def devices(self) -> list[dict[str, Any]]:
        """Name, qubits, queue and status of every device of the account."""
        with self.translated():
            backends = self.service.backends()
            found = []
            for backend in backends:
                status = backend.status()
                state = "online" if status.operational and status.status_msg == "active" else status.status_msg
                found.append(
                    {
                        "name": str(backend.name),
                        "qubits": int(backend.num_qubits),
                        "pending": int(status.pending_jobs),
                        "status": str(state),
                    }
                )
        return sorted(found, key=lambda device: device["name"])

    def names(self) -> list[str]:
        """Names of the devices of the account."""
        with self.translated():
            return sorted(str(backend.name) for backend in self.service.backends())

    def least_busy(self) -> str:
        """Name of the device with the shortest queue of those that are on line.

        Raises:
            PausedError: If none is.
        """
        online = [device for device in self.devices() if device["status"] == "online"]
        if not online:
            raise PausedError("ibm:least_busy: no device of the account is on line; try again later, see qlstm qpus")
        return str(min(online, key=lambda device: (device["pending"], device["name"]))["name"])

    def backend(self, name: str) -> RuntimeBackend:
        """A device by name.

        Raises:
            InputError: If the account has no such device.
            PausedError: If the service lists none at all.
        """
        try:
            with self.translated():
                return RuntimeBackend(self, self.service.backend(name))
        except InputError:
            known = self.names()  # asked only now: it loads every device
            if name in known:
                raise
        if not known:
            raise PausedError(
                f"ibm:{name}: IBM Quantum lists no devices for this account now, or cannot be reached; try again later, or "
                "check its instance"
            )
        raise unknown_name("IBM device", name, known)

    @property
    def is_open_plan(self) -> bool:
        """Whether the account is on IBM's free plan, which has no sessions and tighter limits."""
        with self.translated():
            instance = self.service.active_instance()
            plans = [str(one.get("plan")) for one in self.service.instances() if one.get("crn") == instance]
        return plans == ["open"]

    def remaining_seconds(self) -> float | None:
        """QPU seconds that the account has left in this period; None if it has no limit."""
        with self.translated():
            usage = self.service.usage()
        left = usage.get("usage_remaining_seconds")
        return None if left is None else float(left)

    def require_time(self) -> None:
        """Refuse to submit where the account has no time left.

        Raises:
            UsageLimitError: Says how much was used.
        """
        with self.translated():
            usage = self.service.usage()
        if usage.get("usage_limit_reached"):
            raise UsageLimitError(
                f"the IBM Quantum account has used {usage.get('usage_consumed_seconds')} of "
                f"{usage.get('usage_limit_seconds')} QPU seconds, nothing is left; wait for its next period, or use another"
            )

    @contextmanager
    def translated(self, of_a_job: bool = False) -> Iterator[None]:
        """Context in which errors of the client become those of this project.

        Args:
            of_a_job: What is asked about, a job or a batch, may be gone; anything else that is not found passes.
        """
        try:
            with _quiet():
                yield
        except (QiskitError, RequestException) as error:
            found = self._translated(error)
            raise Unreachable(str(found)) if isinstance(found, Missing) and not of_a_job else found from None

    def _translated(self, error: Exception) -> Exception:
        text = _redacted(error, self._secret)
        code, retry_after = _http(error)
        if isinstance(error, RuntimeJobNotFound) or code == 404:
            return Missing(text)
        if isinstance(error, InvalidAccountError | IBMNotAuthorizedError) or code == 401:
            return InputError(f"IBM Quantum does not accept the account any more ({text}); {_ACCOUNT}")
        if code == 403:
            return UsageLimitError(
                f"IBM Quantum refuses this ({text}); the account may have no time left, or no right to it"
            )
        if code == 409 or "session is closed" in text.lower():
            return LaneClosed(text)
        if _is_network(error) if code is None else code in (408, 429) or code >= 500:
            return Unreachable(text, retry_after)
        return InputError(f"IBM Quantum refuses the request ({text}); check circuit, options and account")


class RuntimeBackend:
    """One device of an account."""

    def __init__(self, account: Account, backend: Any) -> None:
        self.account, self.backend = account, backend
        self.name = str(backend.name)
        self._jobs: dict[str, Any] = {}
        self._lock = threading.Lock()

    def snapshot(self) -> dict[str, Any]:
        """Configuration and calibration as they are now, as plain JSON values."""
        with self.account.translated():
            backend = self.account.service.backend(self.name)
            properties = backend.properties()
            values = {
                "configuration": backend.configuration().to_dict(),
                "properties": None if properties is None else properties.to_dict(),
            }
        plain: dict[str, Any] = json.loads(json.dumps(values, default=_plain))
        return plain

    def status(self) -> tuple[bool, str, int]:
        """Whether the device takes jobs, its status in a word, and jobs in its queue."""
        with self.account.translated():
            status = self.backend.status()
        return bool(status.operational), str(status.status_msg), int(status.pending_jobs)

    def open_lane(self, mode: str, max_seconds: float | None) -> Any:
        """A batch or session to submit to."""
        kind = qiskit_ibm_runtime.Batch if mode == "batch" else qiskit_ibm_runtime.Session
        with self.account.translated():
            return kind(self.backend, max_time=None if max_seconds is None else max(1, math.ceil(max_seconds)))

    def close_lane(self, lane: Any) -> None:
        """Take no more jobs in it; those submitted go on."""
        with self.account.translated(of_a_job=True):
            lane.close()

    def is_open(self, lane: Any) -> bool:
        """Whether a batch or session takes jobs."""
        with self.account.translated(of_a_job=True):
            details = lane.details()
        return bool(details and details.get("accepting_jobs"))

    def submit(
        self, pubs: Sequence[Pub], shots: int, tag: str, lane: Any, options: Options, most_seconds: float | None
    ) -> str:
        """One job; its id."""
        self.account.require_time()
        with self.account.translated():
            sampler = Sampler(mode=self.backend if lane is None else lane)
            _set(sampler.options, options, tag, most_seconds)
            job = sampler.run(list(pubs), shots=shots)
        with self._lock:
            self._jobs[job.job_id()] = job
        return str(job.job_id())

    def find(self, tag: str) -> list[JobStatus]:
        """All jobs with a tag."""
        with self.account.translated():
            jobs = self.account.service.jobs(job_tags=[tag], limit=None)
        with self._lock:
            self._jobs |= {job.job_id(): job for job in jobs}
        found = list[JobStatus]()
        for job in jobs:
            with suppress(Missing):  # it is gone since it was listed
                found.append(self.job_status(job.job_id()))
        return found

    def job_status(self, job_id: str) -> JobStatus:
        """Where a job is, and why it failed."""
        with self.account.translated(of_a_job=True):
            job = self._job(job_id)
            state = _STATES.get(str(job.status()), State.RUNNING)
            reason = (job.error_message() or "") if state is State.FAILED else ""
        code = re.search(r"Error code (\d+)", reason)
        retry = code is None or int(code.group(1)) not in _HOPELESS
        return JobStatus(job_id, state, _redacted(reason, self.account._secret), retry)

    def results(self, job_id: str) -> list[Any]:
        """The data of every pub of a job that is done."""
        try:
            with self.account.translated(of_a_job=True):
                return [one.data for one in self._job(job_id).result()]
        except ValueError as error:  # cut off on the way, or changed
            if isinstance(error, InputError):
                raise
            reason = _redacted(error, self.account._secret)
            raise Unreachable(f"the results of job {job_id} cannot be read: {reason}") from None
        except Missing:
            with self._lock:
                self._jobs.pop(job_id, None)  # ask anew whether the job is still there
            raise

    def cancel(self, job_id: str) -> None:
        """Cancel a job that is not over."""
        with suppress(LaneClosed, Missing), self.account.translated(of_a_job=True):  # 409: it is over
            self._job(job_id).cancel()

    def billed(self, job_id: str) -> float | None:
        """QPU seconds charged; None as long as the service has not said."""
        with self.account.translated(of_a_job=True):
            usage = self._job(job_id).metrics().get("usage") or {}
        seconds = usage.get("qpu_charge_time_seconds", usage.get("quantum_seconds"))
        if usage.get("status", "final") != "final" or seconds is None:
            return None
        with self._lock:
            self._jobs.pop(job_id, None)  # a long run has many, and each keeps what came of it
        return float(seconds)

    def _job(self, job_id: str) -> Any:
        with self._lock:
            known = self._jobs.get(job_id)
        if known is None:
            known = self.account.service.job(job_id)
            with self._lock:
                self._jobs[job_id] = known
        return known


class Recorded:
    """A device as `RuntimeBackend.snapshot` saw it: what `backends.device.Device` asks of a backend, without a connection."""

    def __init__(self, snapshot: Mapping[str, Any]) -> None:
        """From a snapshot.

        Raises:
            InputError: If it is not one.
        """
        try:
            self._configuration = QasmBackendConfiguration.from_dict(copy.deepcopy(snapshot["configuration"]))
            properties = snapshot["properties"]
            self._properties = None if properties is None else BackendProperties.from_dict(copy.deepcopy(properties))
            self.target = convert_to_target(self._configuration, self._properties)
        except (KeyError, TypeError, ValueError, AttributeError, QiskitError) as error:
            raise InputError(
                f"this is not the snapshot of an IBM device ({type(error).__name__}: {error}); use an intact file"
            ) from None

    def configuration(self) -> Any:
        """As the service gave it."""
        return self._configuration

    def properties(self) -> Any:
        """Calibration, or None."""
        return self._properties


def _set(options: Any, wanted: Options, tag: str, most_seconds: float | None) -> None:
    options.environment.job_tags = [tag]
    if most_seconds is not None:
        options.max_execution_time = max(1, min(_LONGEST_JOB, int(most_seconds)))
    if wanted.rep_delay is not None:
        options.execution.rep_delay = wanted.rep_delay
    if wanted.dd is not None:
        options.dynamical_decoupling.enable = True
        options.dynamical_decoupling.sequence_type = wanted.dd
    options.twirling.enable_gates = wanted.twirl in ("gates", "both")
    options.twirling.enable_measure = wanted.twirl in ("measure", "both")


def _plain(value: object) -> object:
    """What JSON does not know: dates, numpy and complex numbers."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, complex):
        return [value.real, value.imag]
    return value.tolist() if hasattr(value, "tolist") else str(value)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the client's own talk off the screen: it names accounts, and what matters is said here."""
    # by message, since filters belong to the whole process and jobs are submitted from several threads
    for message in (
        "The backend .* currently has a status of",
        "This instance has met its usage limit",
        "There is currently no more time",
        "Unable to retrieve IBM Cloud access token",
    ):
        warnings.filterwarnings("ignore", message=message)
    logging.getLogger("qiskit_ibm_runtime").setLevel(logging.ERROR)
    yield


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it; the client hides causes with ``from None``, but they are still there."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _http(error: BaseException) -> tuple[int | None, float | None]:
    """Status code of the response behind an error, and its Retry-After in seconds."""
    found: int | None = None
    for one in _chain(error):
        response = getattr(one, "response", None)
        if response is not None:
            return int(response.status_code), _seconds(response.headers.get("Retry-After"))
        code = getattr(one, "status_code", None)
        if found is None and isinstance(code, int) and code > 0:
            found = code  # the response, and what it asks for, may be further down
    return found, None


def _seconds(text: str | None) -> float | None:
    try:
        seconds = float(text or "nan")
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(str(text)) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _is_network(error: BaseException) -> bool:
    return any(isinstance(one, RequestException | ConnectionError | TimeoutError) for one in _chain(error))


def _secret(service: Any) -> str | None:
    """The token, to keep it out of messages."""
    with suppress(Exception):
        account = service.active_account()
        return None if account is None else str(account.get("token") or "") or None
    return None


def _redacted(error: object, secret: str | None) -> str:
    text = " ".join(str(getattr(error, "message", None) or error).split())
    text = text.replace(secret, "***") if secret and len(secret) > 3 else text
    return text if len(text) <= 300 else f"{text[:300]}..."


_default: dict[tuple[Any, ...], Account] = {}
_connecting = threading.Lock()


def account(make: Callable[[], Account] = Account.default) -> Account:
    """The account of this process; one connection for all devices."""
    names = ("QISKIT_IBM_TOKEN", "QISKIT_IBM_INSTANCE", "QISKIT_IBM_CHANNEL", "QISKIT_IBM_URL")
    key = (qiskit_ibm_runtime.QiskitRuntimeService, *(hash(os.environ.get(name)) for name in names))
    with _connecting:
        if key not in _default:
            _default.clear()
            _default[key] = make()
        return _default[key]
