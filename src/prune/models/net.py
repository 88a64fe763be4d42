"""A Keras model as pruning sees it: named arrays, a structure, and what Keras makes of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Hashable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from math import prod
from threading import RLock
from typing import Any

import numpy as np

from prune import PruneError
from prune.core import alive
from prune.core import inputs as core_inputs
from prune.core import structure as structures
from prune.core.calibration import Calibration
from prune.core.inputs import Inputs, Shape
from prune.core.network import Masks, Scores
from prune.core.outline import Counts, Outline
from prune.core.passage import See, Visit
from prune.core.structure import Arrays, Reading, Structure
from prune.files.keras_layers.trust import of_words
from prune.models import arrays as models_arrays
from prune.models import ends, macs, outlines, saving, slopes
from prune.models.cut import rebuilt
from prune.models.folding import Folded
from prune.models.late import import_keras, keras
from prune.models.passing import Energies, ModelGoal, Passage, affordable
from prune.models.statistics import enough, renewed
from prune.models.trace import Traced, traced
from prune.settings.pruning import UNIT
from prune.settings.spelling import closest

KERAS = RLock()  # which has one state for all threads


@dataclass(frozen=True, eq=False)
class Net:
    """A model, the arrays that it is to have, and which of its units it is to have.

    `core.anatomy.Anatomy` says what each method is for.  The template is never changed.
    """

    template: keras.Model
    traced: Traced
    arrays: Arrays  # of all units
    kept: np.ndarray  # (units + 1,) boolean, as of `structure.keep`
    kinds: dict[str, str]  # class of each layer, by name
    loss: str = ""  # that it was trained by, as Keras calls it
    trust: tuple[str, ...] = ()  # classes of the user's own that its file names, MODULE:NAME
    sizes: dict[bytes, int] = field(default_factory=dict)  # of files, by the units that are kept
    passages: list[Passage] = field(default_factory=list)  # once there is one
    renewing: list[keras.Model] = field(default_factory=list)  # once there is one

    @property
    def structure(self) -> Structure:
        """What belongs to what."""
        return self.traced.structure

    @cached_property
    def left(self) -> Arrays:
        """The arrays without the units that are not kept."""
        return structures.cut(self.structure, self.arrays, self.kept)

    def kernels(self) -> Scores:
        """Return every kernel as its matrix."""
        return structures.matrices(self.structure, self.arrays)

    def unit_norms(self) -> Scores:
        """Return the norm of all incoming weights of each unit of a group."""
        return structures.unit_norms(self.structure, self.arrays)

    def layers(
        self, method: str, keep: Collection[str], include_output: bool, include: Collection[str]
    ) -> tuple[str, ...]:
        """Name kernels, or groups; `keep` and `include` take names, globs and kinds of layers.

        The name or the kind of a layer stands for all that is within it, too.
        """
        self._check_known(keep, "to keep")
        self._check_known(include, "to include")
        if method == UNIT:
            groups = self.structure.groups
            return tuple(
                name
                for name, group in groups.items()
                if not any(self._matches(layer, keep) for layer in (name, *group.layers))
            )
        kernels = self.structure.kernels
        spared = [name for name in kernels if self._matches(name, include)]
        named = structures.prunable(self.structure, tuple(spared))
        outputs = [name for name, kernel in kernels.items() if kernel.output and include_output]
        return tuple(
            name for name in kernels if name in (*named, *outputs) and not self._matches(name, keep)
        )

    def _matches(self, path: str, patterns: Collection[str]) -> bool:
        """Tell whether a layer or an array, or a layer around it, is what a pattern says."""
        parts = path.split("/")
        around = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        return any(
            fnmatchcase(each, pattern) or self.kinds.get(each) == pattern
            for each in around
            for pattern in patterns
        )

    def _check_known(self, patterns: Collection[str], purpose: str) -> None:
        known = [*self.kinds, *self.structure.kernels, *self.structure.groups]
        for pattern in patterns:
            if not any(self._matches(each, [pattern]) for each in known):
                meant = closest(pattern, [*self.kinds, *set(self.kinds.values())])
                raise PruneError(
                    f"no layer {pattern!r} {purpose}{meant}; `prune inspect` lists the layers, and "
                    "names with * and kinds such as Dense stand for several"
                )

    def output(self) -> str:
        """Name an output layer."""
        kernels = self.structure.kernels.values()
        return next((kernel.layer for kernel in kernels if kernel.output), "")

    def inputs(self) -> dict[str, Shape]:
        """Return the shape of each input, by name."""
        return ends.shapes(self.template, "inputs")

    def outputs(self) -> dict[str, Shape]:
        """Return the shape of each output, by name."""
        return ends.shapes(self.template, "outputs")

    def as_they_are(self) -> Collection[str]:
        """Name the inputs that are whole numbers by themselves or entries of an embedding."""
        return ends.entries(self.template)

    def masked(self, masks: Masks) -> Net:
        """Return the network with what is masked out at zero."""
        return replace(self, arrays=structures.masked(self.structure, self.arrays, masks))

    def shrunk(self) -> Net:
        """Return the network without the units that nothing reads; kept once it is found."""
        return self._shrunk

    @cached_property
    def _shrunk(self) -> Net:
        return replace(self, kept=alive.by_readers(self.structure, self.arrays))

    def parameters(self) -> int:
        """Count the entries of all arrays."""
        return structures.parameters(self.left)

    def nonzero(self) -> int:
        """Count those that are not zero."""
        return structures.nonzero(self.left)

    def multiply_adds(self) -> int:
        """Count the multiply-adds of one input by weights that are not zero."""
        return sum(
            int(np.count_nonzero(self.left[name])) * uses for name, uses in self._uses.items()
        )

    @cached_property
    def _uses(self) -> dict[str, int]:
        """How often each entry of a kernel is used for one input."""
        counted = macs.multiply_adds(self.template)
        kernels = self.structure.kernels
        sizes: dict[str, int] = {}
        for name, kernel in kernels.items():
            sizes[kernel.layer] = sizes.get(kernel.layer, 0) + prod(self.structure.shapes[name])
        return {
            name: counted[kernel.layer] // sizes[kernel.layer]
            for name, kernel in kernels.items()
            if kernel.layer in counted
        }

    def forms(self) -> dict[str, Hashable]:
        """Return the kind and extent of each kernel, and of each group those of all it is in."""
        return structures.forms(self.structure)

    def fingerprint(self) -> bytes:
        """Return a digest of all arrays, and of which units there are."""
        found = hashlib.blake2b(self.kept.tobytes())
        for name, array in sorted(self.arrays.items()):
            found.update(name.encode())
            found.update(np.ascontiguousarray(array))
        return found.digest()

    def file_bytes(self) -> int:
        """Count the bytes of its `.keras` file as Keras writes it, with every zero."""
        units = self.kept.tobytes()
        with KERAS:
            if units not in self.sizes:
                self.sizes[units] = len(saving.content(self.built))
        return self.sizes[units]

    def supports(self, masks: Masks) -> Masks:
        """Tell which weights of each kernel may be other than zero once refit, by its name."""
        return structures.supports(self.structure, masks)

    def readings(self) -> dict[str, list[Reading]]:
        """Return which kernels read the units of each group, in the order of data."""
        found = structures.readings(self.structure)
        order = {kernel: i for i, kernel in enumerate(self._passage.seen())}
        return {
            name: sorted(own, key=lambda each: order.get(each.kernel, len(order)))
            for name, own in found.items()
        }

    def blind(self) -> dict[str, str]:
        """Name the kernels of which no inputs can be had, and say why."""
        return self._passage.blind()

    def goal(self, given: Inputs, see: See) -> ModelGoal:
        """Return what it puts out on as many of the inputs as can pass at a time."""
        some = core_inputs.named(self._affordable(given))
        with KERAS:
            return self._passage.goal(some, see)

    def _affordable(self, given: Inputs) -> Inputs:
        fitted = core_inputs.fitted(given, self.inputs(), "images")
        return core_inputs.mapped(fitted, lambda array: array[: affordable(self.template)])

    def passed(self, goal: ModelGoal, visit: Visit) -> Net:
        """Return what becomes of it on a passage of the images of a goal."""
        with KERAS:
            return replace(self, arrays=self._passage.passed(goal, visit))

    def normalised(self) -> bool:
        """Tell whether statistics normalise anything."""
        return "BatchNormalization" in self.kinds.values()

    def renewed(self, given: Inputs) -> Net:
        """Return it with the statistics of as many of the inputs as tell them, and can pass."""
        number = enough(self.template)
        batch = core_inputs.mapped(self._affordable(given), lambda array: array[:number])
        small = self.shrunk()
        with KERAS:
            found = renewed(small._renewing(), batch)
        left = small.left | {
            name: statistic.astype(self.arrays[name].dtype) for name, statistic in found.items()
        }
        own = self.structure
        return replace(self, arrays=structures.put_back(own, self.arrays, small.kept, left))

    def _renewing(self) -> keras.Model:
        """Return a model whose statistics may change: of all units one for all networks."""
        if not self.kept.all():
            return self.precise()
        if not self.renewing:
            self.renewing.append(self.precise())
        models_arrays.assign(self.renewing[0], self.arrays)
        return self.renewing[0]

    @property
    def _passage(self) -> Passage:
        """A model to pass through, one for all networks that are pruned from one."""
        if not self.passages:
            self.passages.append(Passage(self.precise(), self.structure))
        self.passages[0].take(self.arrays)
        return self.passages[0]

    def precise(self, policy: str = "float32") -> keras.Model:
        """Return a Keras model of it that computes in one precision, whatever it was made for."""
        return rebuilt(self.template, self.traced, self.kept, self.arrays, policy)

    def rms_inputs(self, calibration: Calibration) -> Scores:
        """Return the root mean square of each kernel's inputs, (inputs, 1) or (inputs, units)."""
        found = Energies()
        self.goal(calibration.shown, found.see)
        return found.roots()

    def weight_slopes(self, calibration: Calibration, power: int) -> Scores:
        """Return the mean over images of |gradient| ** power of each weight, by kernel."""
        with KERAS:
            return slopes.weight_slopes(self.precise(), self.structure, calibration, power)

    def unit_slopes(self, calibration: Calibration, power: int) -> Scores:
        """Return that of |output times its gradient| of each unit, by group."""
        with KERAS:
            return slopes.unit_slopes(self.precise(), self.structure, calibration, power)

    def units(self) -> dict[str, int]:
        """Return how many units each layer with a kernel has; of several kernels the last's."""
        return {
            kernel.layer: prod(self.left[name].shape[axis] for axis in kernel.units)
            for name, kernel in self.structure.kernels.items()
        }

    def described(self) -> list[dict[str, Any]]:
        """Return what there is to say of each kernel."""
        return [
            {
                "name": name,
                "kind": self.kinds.get(self.structure.kernels[name].layer, ""),
                "inputs": matrix.shape[0],
                "units": matrix.shape[1],
                "multiply_adds": matrix.size * self._uses.get(name, 0),
                "zeros": int(np.count_nonzero(matrix == 0)),
                "prunable": name in structures.prunable(self.structure),
            }
            for name, matrix in self.kernels().items()
        ]

    def outline(self) -> Outline:
        """Return the layers with kernels and where branches meet, and what each reads."""
        return outlines.outline(self.template, self.structure)

    def counts(self, outline: Outline) -> Counts:
        """Count what is left of each."""
        left = outlines.Left(self.left, self.kept, self._uses)
        return outlines.counts(outline, self.structure, left)

    def model(self) -> keras.Model:
        """Return a Keras model of it, of its own."""
        return rebuilt(self.template, self.traced, self.kept, self.arrays)

    def folded(self) -> Folded:
        """Return what runs networks with the same units often, whatever their arrays."""
        return Folded(self.template, self.traced, self.kept)

    @cached_property
    def built(self) -> keras.Model:
        """A Keras model of it to look at and run, for all who change nothing of it."""
        return self.model()

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process as the bytes of a file; the user's own classes by their names."""
        file = saving.content(self.template), self.loss, self.trust
        return _unpacked, (*file, self.arrays, self.kept)


def net(model: keras.Model, loss: str = "", trust: tuple[str, ...] = ()) -> Net:
    """Return a model, trained by a `loss`, as pruning sees it; it is not to be changed after.

    `trust` are the classes that reading its file again needs.
    """
    found = traced(model)
    whole = structures.keep(found.structure, {})
    kinds = {name: type(layer).__name__ for name, layer in models_arrays.layers(model)}
    return Net(model, found, models_arrays.arrays(model), whole, kinds, loss, trust)


def _unpacked(
    content: bytes, loss: str, trust: tuple[str, ...], arrays: Arrays, kept: np.ndarray
) -> Net:
    import_keras()  # silently, before a module of the user's does
    model = saving.loaded(content, of_words(trust))
    return replace(net(model, loss, trust), arrays=arrays, kept=kept)
