"""The folders of this machine, which no page, no picture and no export for other programs shows."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cluster.value import value
from scenarios.gallery import LoadedStory


@value
class KnownPaths:
    """The folders of this machine that a text could show, the longest first."""

    folders: tuple[str, ...]

    @classmethod
    def of(cls, loaded: LoadedStory) -> "KnownPaths":
        """The folders of the story, of this process, of its user, and of temporary files."""
        return cls(tuple(sorted(set(_folders(loaded)), key=len, reverse=True)))

    def without(self, text: str) -> str:
        """The text with `…` in place of each such folder."""
        if "/" in text or "\\" in text:
            for folder in self.folders:
                if Path(folder).is_absolute():
                    text = text.replace(folder, "…")
                else:  # a word as any other, but where a path begins with it
                    text = re.sub(rf"(?<![\w./\\-]){re.escape(folder)}(?=[/\\])", "…", text)
        return text


def _folders(loaded: LoadedStory) -> Iterator[str]:
    for folder in (Path(loaded.source).parent, Path.cwd(), Path.home(), Path(tempfile.gettempdir())):
        for spelt in (str(folder), str(folder.resolve())):
            if len(spelt) > 1:  # neither the root nor the working folder, which is named in full as well
                yield spelt
