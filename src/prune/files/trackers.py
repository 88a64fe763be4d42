"""The rows of a run, handed over to what keeps experiments: MLflow, W&B, TensorBoard.

Where things go is each tool's own affair (MLFLOW_TRACKING_URI, WANDB_MODE and the like); what
TensorBoard shows is in a folder below that of the run.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from prune.files import atomic, packages, results
from prune.files.folders import Cells, Run
from prune.files.packages import Late
from prune.settings import files as settings

# Not everybody has them.
mlflow, wandb = Late("mlflow"), Late("wandb")
_event, _summary, _hparams, _records = (
    Late(f"tensorboard.{name}")
    for name in (
        "compat.proto.event_pb2",
        "compat.proto.summary_pb2",
        "plugins.hparams.summary_v2",
        "summary.writer.record_writer",
    )
)

_LONGEST = 100  # letters of a curve's name
_DECIMALS = 9  # of k that a step tells apart
# TensorBoard reads what is called so; a name of our own is found again by the next run.
_EVENTS = "events.out.tfevents.prune"


class Point(NamedTuple):
    """What was measured at one k of a curve."""

    curve: str
    k: float
    step: int  # k for what counts in whole numbers
    measured: dict[str, float]


class Handed(NamedTuple):
    """What is handed over of a run."""

    name: str
    folder: Path  # of its files
    start: float  # seconds since 1970
    parameters: dict[str, Any]  # settings, versions and sums
    rows: tuple[Cells, ...]  # of its table
    points: list[Point]


class Tracker(NamedTuple):
    """What keeps experiments, the module that it takes, and how it is given what it keeps."""

    title: str
    module: str
    keep: Callable[[Handed], str]  # returns where


def require(names: tuple[str, ...]) -> None:
    """Refuse trackers that are not installed."""
    for name in names:
        packages.require(TRACKERS[name].title, [TRACKERS[name].module], name)


def handed(run: Run, folder: Path, curves: Mapping[str, list[Cells]]) -> Handed:
    """Return what is handed over of a run in a folder, whose rows stand in `curves` by name."""
    record = run.record
    told = record["settings"] | {name: record[name] for name in ("versions", "inputs")}
    return Handed(
        f"prune {run.command}",
        folder,
        datetime.fromisoformat(record["start"]).timestamp(),
        dict(_flat("", told)),
        run.rows or run.others,
        list(_points(curves)),
    )


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield plain values, those within others by their names joined with dots."""
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        yield name, ",".join(map(str, value)) if isinstance(value, list) else value
        return
    for key, each in value.items():
        yield from _flat(f"{name}.{key}" if name else str(key), each)


def _points(curves: Mapping[str, list[Cells]]) -> Iterator[Point]:
    plain = _plain(list(curves))
    decimals = max((_decimals(row["k"]) for rows in curves.values() for row in rows), default=0)
    for name, rows in curves.items():
        for row in rows:
            step = round(row["k"] * 10**decimals)
            yield Point(plain[name], row["k"], step, _measured(row))


def _decimals(k: float) -> int:
    return len(f"{k:.{_DECIMALS}f}".rstrip("0").partition(".")[2])


def _measured(row: Cells) -> dict[str, float]:
    return {
        name: value
        for name, value in row.items()
        if name in results.MEASURED and type(value) in (int, float)
    }


def _plain(names: list[str]) -> dict[str, str]:
    """Return each name in letters that every tracker and file system takes, no two alike."""
    plain: dict[str, str] = {}
    for name in names:
        short = re.sub(r"[^A-Za-z0-9. -]+", "_", name)[:_LONGEST].strip()
        # No other has two underscores in a row.
        plain[name] = f"{short}__{len(plain)}" if short in plain.values() else short
    return plain


def _named(point: Point) -> dict[str, float]:
    return {f"{name}/{point.curve}": value for name, value in point.measured.items()}


def _mlflow(given: Handed) -> str:
    moment = round(given.start * 1000)
    metrics = [
        mlflow.entities.Metric(name, value, moment, point.step)
        for point in given.points
        for name, value in _named(point).items()
    ]
    with mlflow.start_run(run_name=given.name) as run:
        mlflow.log_params(given.parameters)
        mlflow.MlflowClient().log_batch(run.info.run_id, metrics=metrics)
        mlflow.log_text(results.to_json(given.rows), "table.json")
    return f"{mlflow.get_tracking_uri()}, run {run.info.run_id}"


def _wandb(given: Handed) -> str:
    columns = list(dict.fromkeys(name for row in given.rows for name in row))
    lines = [[row.get(name) for name in columns] for row in given.rows]
    quiet = wandb.Settings(silent=True, console="off")
    with wandb.init(name=given.name, config=given.parameters, settings=quiet) as run:
        run.define_metric("*", step_metric="k")
        for point in given.points:
            run.log({"k": point.k, **_named(point)})
        run.log({"table": wandb.Table(columns, lines, allow_mixed_types=True)})
        where = Path(run.dir).parent if run.offline else run.url
    return str(where)


def _tensorboard(given: Handed) -> str:
    """Write a folder for each curve, since TensorBoard lays those over each other."""
    root = given.folder / settings.TENSORBOARD
    curves: dict[str, list[Point]] = {}
    for point in given.points:
        curves.setdefault(point.curve, []).append(point)
    for stale in root.glob(f"*/{_EVENTS}"):
        stale.unlink()
    for name, points in curves.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        atomic.write(root / name / _EVENTS, _events(given, points))
    return f"tensorboard --logdir {root}"


def _events(given: Handed, points: list[Point]) -> bytes:
    """Return one file of events, made without TensorFlow."""
    known = {name: value for name, value in given.parameters.items() if value is not None}
    about = _hparams.hparams_pb(known, trial_id=points[0].curve, start_time_secs=given.start)
    events = [_event.Event(file_version="brain.Event:2"), _event.Event(summary=about)]
    events += [_event.Event(step=point.step, summary=_scalars(point)) for point in points]
    content = io.BytesIO()
    writer = _records.RecordWriter(content)
    for event in events:
        event.wall_time = given.start
        writer.write(event.SerializeToString(deterministic=True))
    return content.getvalue()


def _scalars(point: Point) -> Any:
    of = _summary.Summary
    return of(value=[of.Value(tag=tag, simple_value=x) for tag, x in point.measured.items()])


TRACKERS: dict[str, Tracker] = {
    settings.MLFLOW: Tracker("MLflow", "mlflow", _mlflow),
    settings.WANDB: Tracker("Weights & Biases", "wandb", _wandb),
    settings.TENSORBOARD: Tracker("TensorBoard", "tensorboard", _tensorboard),
}
