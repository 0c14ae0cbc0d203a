"""Where seeds are played: the processes of this machine, or the workers of a Dask cluster. Both give a standard executor.

Never here: which seeds, and what came of them.
"""

import os
from concurrent.futures import Executor, ProcessPoolExecutor
from typing import Any, Protocol

from cluster.value import value
from scenarios.gallery import StoryError
from scenarios.worker_processes import end_at_once, process_pool

SCHEME = "dask://"
PATIENCE = 10
"""The wall seconds within which a scheduler has to answer."""


class Machines(Protocol):
    """Something that plays seeds side by side."""

    @property
    def workers(self) -> int:
        """How many seeds it plays at a time."""

    def executor(self) -> Executor:
        """A new executor of so many workers."""

    def end(self, executor: Executor) -> None:
        """End an executor at once, whatever it plays."""

    def close(self) -> None:
        """Nothing is played there any more."""


@value
class Here:
    """Processes of this machine."""

    workers: int

    def executor(self) -> Executor:
        """A pool of processes."""
        return process_pool(self.workers)

    def end(self, executor: Executor) -> None:
        """End the processes."""
        assert isinstance(executor, ProcessPoolExecutor), "it is one of `executor()`"
        end_at_once(executor)

    def close(self) -> None:
        """The processes of an executor end with it."""


class OnDask:
    """The workers of a Dask scheduler, which have to know this package and the story's file."""

    def __init__(self, address: str) -> None:
        """Connect to `dask://HOST:PORT`. StoryError without the extra, for a wrong address, and if nobody answers there."""
        host, colon, port = address.removeprefix(SCHEME).rpartition(":")
        if not address.startswith(SCHEME) or not (host and colon and port.isdecimal()):
            raise StoryError(f"--on {address} is no scheduler: give {SCHEME}HOST:PORT")
        try:
            import distributed
        except ImportError as error:
            raise StoryError(f"--on {address} needs Dask: pip install 'unkindness[dask]'") from error
        client: Any = distributed.Client
        try:
            self._client = client(f"tcp://{host}:{port}", timeout=PATIENCE)
        except OSError as error:
            raise StoryError(f"--on {address}: no scheduler answers there within {PATIENCE} s") from error
        for worker in self._workers():
            if worker["nthreads"] > 1:  # a world's fences and a planted bug are of a whole process
                raise StoryError(
                    f"--on {address}: {worker['name']} has {worker['nthreads']} threads: start it with --nthreads 1"
                )

    @property
    def workers(self) -> int:
        """How many workers it has now."""
        return max(1, len(self._workers()))

    def executor(self) -> Executor:
        """Dask's own executor."""
        executor: Executor = self._client.get_executor(pure=False)
        return executor

    def end(self, executor: Executor) -> None:
        """Cancel what is handed out."""
        executor.shutdown(wait=False)

    def close(self) -> None:
        """Leave the scheduler."""
        self._client.close()

    def _workers(self) -> list[dict[str, Any]]:
        return list(self._client.scheduler_info(n_workers=-1)["workers"].values())


def machines(jobs: int | None, on: str | None) -> Machines:
    """What `--jobs` and `--on` ask for; StoryError for a wrong value."""
    if on is not None:
        if jobs is not None:
            raise StoryError(f"--jobs {jobs}: with --on the workers are those of {on}: leave one of the two away")
        return OnDask(on)
    if jobs is not None and jobs < 1:
        raise StoryError(f"--jobs {jobs} plays nothing: give 1 at least")
    return Here(jobs or os.cpu_count() or 1)
