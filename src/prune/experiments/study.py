"""A study: its cells, what is known of them already, and what is left to do."""

from __future__ import annotations

import pickle
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from dataclasses import asdict, dataclass, field
from threading import Lock
from types import MappingProxyType
from typing import Any, NamedTuple

from threadpoolctl import threadpool_limits

from prune import EnvironmentFailure, PruneError
from prune.core.network import Network
from prune.experiments import cells, perform
from prune.experiments.cells import Cell, Source, Stored
from prune.experiments.crew import Crew, train_on_one_thread
from prune.files.store import Store
from prune.settings.recipe import Training

Say = Callable[[str], None]

_TRIES = 3  # for a cell whose worker vanishes
_PATIENCE = 5  # seconds until it is asked why nothing gets done


class Outcome(NamedTuple):
    """What came of a cell."""

    cell: Training | Cell
    name: str
    seconds: float
    value: Any = None  # network and course, or rows
    failure: str = ""  # or why there is none


@dataclass
class State:
    """What is known of a study, and what went wrong."""

    cells: list[Cell]
    source: Source
    store: Store
    rows: dict[Cell, list[dict[str, Any]]] = field(default_factory=dict)
    sums: dict[Training | Stored, str] = field(default_factory=dict)  # of the trained networks
    failures: dict[str, str] = field(default_factory=dict)  # by name of the cell
    networks: dict[Stored, Network] = field(default_factory=dict)  # those that are not trained

    @property
    def missing(self) -> list[Cell]:
        """The cells that are not done, in order."""
        return [cell for cell in self.cells if cell not in self.rows]

    @property
    def untrained(self) -> list[Training]:
        """The networks that missing cells need and that do not exist, in order."""
        needed = dict.fromkeys(cell.training for cell in self.missing)
        return [
            training
            for training in needed
            if isinstance(training, Training) and training not in self.sums
        ]

    def network(self, training: Training | Stored) -> Network:
        """Return a network that there is."""
        if isinstance(training, Stored):
            return self.networks[training]
        return self.store.network(self.name(training))

    def name(self, cell: Training | Stored | Cell) -> str:
        """Return the name of a cell."""
        return cells.name(cell, self.source)

    def settings(self, cell: Training | Cell) -> dict[str, Any]:
        """Return all that the result of a cell depends on."""
        return cells.identity(cell, self.source)


def look(
    asked: list[Cell],
    source: Source,
    store: Store,
    networks: Mapping[Stored, Network] = MappingProxyType({}),
) -> State:
    """Read what is done of a study already."""
    state = State(asked, source, store, networks=dict(networks))
    state.sums |= {stored: stored.sha256 for stored in networks}
    for cell in asked:
        rows = store.rows(state.name(cell), state.settings(cell))
        if rows is not None:
            state.rows[cell] = rows
    for training in state.untrained:
        record = store.trained(state.name(training), state.settings(training))
        if record is not None:
            state.sums[training] = record["sha256"]
    return state


def run(state: State, crew: Crew, say: Say = lambda text: None) -> Iterator[Outcome]:
    """Do what is missing; yield what came of each cell, after it is kept.

    What only delays it is told by `say`: that a worker was lost, that there is none.
    """
    queue = deque(_first(state))
    running: dict[Future, Training | Cell] = {}
    tries: dict[Training | Cell, int] = {}
    while queue or running:
        while queue and _room(crew, running, tries.get(queue[0], 0)):
            cell = queue.popleft()
            tries[cell] = tries.get(cell, 0) + 1
            running[_submit(state, crew, cell)] = cell
        for future in _finished(running, crew, say):
            cell = running.pop(future)
            outcome = _outcome(state, crew, future, cell, tries[cell])
            if outcome is None:
                say(f"the worker of {state.name(cell)} was lost; it will be tried again")
                queue.append(cell)
                continue
            queue.extendleft(reversed(_keep(state, outcome)))
            yield outcome


def _finished(running: dict[Future, Any], crew: Crew, say: Say) -> set[Future]:
    """Wait for some of what is running; say what becomes of the workers meanwhile."""
    done: set[Future] = set()
    while not done:
        done = wait(running, _PATIENCE, FIRST_COMPLETED).done
        if news := crew.news():
            say(news)
    return done


def _first(state: State) -> list[Training | Cell]:
    """Return what can be done at once: networks to train, and cells of those that are trained.

    Each is where its first missing cell is, so that a network is pruned as soon as it can be.
    """
    waiting = set(state.untrained)
    ready = [cell.training if cell.training in waiting else cell for cell in state.missing]
    return list(dict.fromkeys(ready))


def _room(crew: Crew, running: dict[Future, Any], tried: int) -> bool:
    # A cell that has lost its worker goes alone: what kills workers is then found out, and takes
    # nobody else's along.
    return len(running) < (1 if tried else crew.width)


def _submit(state: State, crew: Crew, cell: Training | Cell) -> Future:
    network = None
    if isinstance(cell, Cell):
        network = state.network(cell.training)
    return crew.submit(work, cell, Sent(network), state.source, crew.threads)


@dataclass(frozen=True)
class Sent:
    """A network on its way to a worker: a worker that cannot read what it is sent would be lost,
    and tell nobody why, so that it is unpacked only once the work has begun."""

    network: Network | None
    packed: bytes = b""

    def __reduce__(self) -> tuple[Any, ...]:
        """Go as bytes that nothing reads on the way."""
        return Sent, (None, self.packed or pickle.dumps(self.network))

    def opened(self) -> Network | None:
        """Return the network, wherever this is called."""
        return pickle.loads(self.packed) if self.packed else self.network  # noqa: S301 (our own)


def work(
    cell: Training | Cell, network: Sent, source: Source, threads: int | None
) -> tuple[float, Any, str]:
    """Carry out one cell, wherever this is called; return seconds, value, and what went wrong."""
    start = time.perf_counter()
    train_on_one_thread()
    try:
        with threadpool_limits(threads):
            value = _value(cell, network.opened(), source, threads)
    except Exception as error:
        failure = (
            str(error) if isinstance(error, PruneError) else f"{type(error).__name__}: {error}"
        )
        return time.perf_counter() - start, None, " ".join(failure.split())
    return time.perf_counter() - start, value, ""


_TRAINING = Lock()


def _value(
    cell: Training | Cell, network: Network | None, source: Source, threads: int | None
) -> Any:
    if isinstance(cell, Cell) and network is not None:
        return perform.prune(cell, network, source, threads)
    with _TRAINING:  # a worker of a cluster may have several threads, Keras has one state
        return perform.train(cell, source)


def _outcome(
    state: State, crew: Crew, future: Future, cell: Training | Cell, tries: int
) -> Outcome | None:
    """Return what came of a cell; None if its worker was lost and it is worth another try."""
    name = state.name(cell)
    try:
        seconds, value, failure = future.result()
    except crew.lost as error:
        if tries < _TRIES:
            return None
        why = f"its worker was lost {tries} times, last by {type(error).__name__}"
        return Outcome(cell, name, 0.0, failure=why)
    except CancelledError as error:
        raise EnvironmentFailure(
            "the scheduler has gone away; what is done is kept: run the same command again"
        ) from error
    return Outcome(cell, name, seconds, value, failure)


def _keep(state: State, outcome: Outcome) -> list[Cell]:
    """Write what came of a cell; return the cells that can be done now."""
    cell, name, seconds, value, failure = outcome
    dependent = [each for each in state.missing if each.training == cell]
    if failure:
        state.failures[name] = failure
        for each in dependent:
            state.failures[state.name(each)] = f"its network {name} failed"
        return []
    if isinstance(cell, Training):
        network, course = value
        state.store.add_network(name, state.settings(cell), network, [asdict(e) for e in course])
        state.sums[cell] = state.store.trained(name, state.settings(cell))["sha256"]
    else:
        rows = [row | {"network": state.sums[cell.training]} for row in value]
        state.store.add_rows(name, state.settings(cell), rows)
        state.rows[cell] = rows
    state.store.add_time(name, seconds)
    return dependent
