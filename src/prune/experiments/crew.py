"""Who carries out the tasks of a study: this process, several, or a cluster."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from threading import Thread
from typing import Any, NamedTuple

from prune import EnvironmentFailure, PruneError, __version__
from prune.experiments.engines import cores
from prune.settings.spelling import counted

Submit = Callable[..., Future]


class Crew(NamedTuple):
    """Where tasks go."""

    width: int  # how many at a time
    threads: int | None  # each may use; None: all
    submit: Submit  # of concurrent.futures
    lost: tuple[type[BaseException], ...] = ()  # what a task raises whose worker has vanished
    news: Callable[[], str] = str  # of workers that have vanished since it was asked last


def train_on_one_thread() -> None:
    """Let Keras, if it starts in this process from now on, use one thread.

    Several add in an order of their own, so that a network would depend on how many there are:
    on the machine, and on how many processes share it.
    """
    os.environ.update(TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")


@contextmanager
def alone() -> Iterator[Crew]:
    """Carry out every task here, one after the other."""

    def submit(function: Callable, *args: object) -> Future:
        future: Future = Future()
        future.set_result(function(*args))
        return future

    yield Crew(1, None, submit)


@contextmanager
def processes(jobs: int) -> Iterator[Crew]:
    """Carry out tasks in spawned processes: fork after TensorFlow hangs."""
    threads = max(1, cores() // jobs)
    pool: ProcessPoolExecutor | None = None

    def fresh() -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(threads,))

    def submit(function: Callable, *args: object) -> Future:
        nonlocal pool
        try:
            pool = pool or fresh()
            return pool.submit(function, *args)
        except BrokenExecutor:  # one worker lost takes the pool with it
            pool = fresh()
            return pool.submit(function, *args)

    with _environment(threads):
        try:
            yield Crew(jobs, threads, submit, (BrokenExecutor,))
        except BaseException:
            # Whoever interrupts does not want to wait for the cells in hand.
            for child in multiprocessing.active_children():
                child.terminate()
            raise
        finally:
            if pool:
                pool.shutdown(cancel_futures=True)


@contextmanager
def _environment(threads: int) -> Iterator[None]:
    """Tell the libraries of processes that start now how many threads they may have."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({} if value is None else {name: value})


def _begin(threads: int) -> None:
    """Prepare a spawned process: the parent alone hears Ctrl-C, and takes its workers along."""
    from threadpoolctl import threadpool_limits  # here: the processes alone need it

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threadpool_limits(threads)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        wait([parent.sentinel])
        os._exit(1)  # a killed parent closes nothing: its workers would wait for ever


@contextmanager
def cluster(address: str) -> Iterator[Crew]:
    """Hand tasks to a Dask cluster that exists."""
    distributed = _distributed()
    client = _client(distributed, address)
    try:
        width = sum(client.nthreads().values())
        if why := _without_workers(client, address):
            raise EnvironmentFailure(why)
        _check_versions(client, address)
        submit = client.get_executor(pure=False).submit
        # A core each, of machines unknown here.
        lost = (distributed.KilledWorker,)
        yield Crew(width, 1, submit, lost, _Watch(client, address))
    finally:
        client.close()


def _without_workers(client: Any, address: str) -> str:
    """Say so if the cluster has no workers; one that does not answer is noticed by its tasks."""
    with suppress(Exception):
        if not client.nthreads():
            return f"the cluster at {address} has no workers; start one: `dask worker {address}`"
    return ""


class _Watch:
    """Tells which workers of a cluster have vanished; Dask gives what they did to the others."""

    def __init__(self, client: Any, address: str) -> None:
        """Begin with those that are there."""
        self._client, self._address = client, address
        self._there = set(client.nthreads())

    def __call__(self) -> str:
        """Say what has changed since the last call, or nothing."""
        with suppress(Exception):  # a scheduler that has gone away is noticed by its tasks
            there = set(self._client.nthreads())
            gone, self._there = self._there - there, there
            if gone and not there:
                return f"{_without_workers(self._client, self._address)}; waiting for one"
            if gone:
                lost = ", ".join(sorted(gone))
                return f"lost of the cluster: {lost}; {counted(len(there), 'worker')} left to go on"
        return ""


def _distributed() -> Any:
    try:
        import dask  # here: it is an extra
        import distributed  # likewise
    except ImportError as error:
        raise EnvironmentFailure(
            f"--scheduler needs the package distributed ({error}); "
            "`pip install 'keras-prune[cluster]'`"
        ) from error
    # A network is larger than Dask likes arguments to be; it remarks on each.
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
    return distributed


def _client(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise EnvironmentFailure(
            f"no Dask scheduler answers at {address} ({' '.join(str(error).split())}); "
            "give an address such as tcp://127.0.0.1:8786"
        ) from error


def _check_versions(client: Any, address: str) -> None:
    try:
        found = set(client.run(version).values())
    except Exception as error:
        raise EnvironmentFailure(
            f"the workers at {address} cannot import prune ({error}); install it there too"
        ) from error
    if found != {__version__}:
        others = ", ".join(sorted(found - {__version__}))
        raise PruneError(
            f"the workers at {address} have prune {others}, here is {__version__}; "
            "install the same everywhere"
        )


def version() -> str:
    """Return the version of this package, on whatever machine this is called."""
    return __version__
