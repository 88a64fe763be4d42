"""The child of `isolated`: it reads one weights file, and can do hardly anything else.

python -m prune.files.isolated_child ACTIVATION < FILE > ANSWER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from prune import PruneError
from prune.files import isolated, sparse, weights


def _give_up_rights() -> None:
    """Leave this process its memory, its time and the files that are open, and nothing else."""
    import resource  # which Windows lacks

    "".encode("cp437")  # found in a file on first use, by which archives name their members
    allowed = {
        resource.RLIMIT_AS: isolated.MEMORY,
        resource.RLIMIT_CPU: isolated.SECONDS,
        resource.RLIMIT_FSIZE: isolated.ANSWER,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 3,  # those that are open: nothing can be opened any more
    }
    for which, most in allowed.items():
        _, hardest = resource.getrlimit(which)
        limit = most if hardest == resource.RLIM_INFINITY else min(most, hardest)
        resource.setrlimit(which, (limit, limit))


def _main() -> None:
    _give_up_rights()
    try:
        read = weights.parse(sys.stdin.buffer.read(), Path(), sys.argv[1])
    except PruneError as error:
        reply, content = {"refused": str(error).removeprefix("weights .: ")}, b""
    else:
        reply = {"format": read.format, "assumed": read.assumed}
        content = sparse.to_bytes(read.network)
    sys.stdout.buffer.write(json.dumps(reply).encode() + b"\n" + content)


if __name__ == "__main__":
    _main()
