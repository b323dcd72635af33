"""Where things lie: the data shipped with the program, and the folder that belongs to the user."""

import os
from pathlib import Path

from crosswalk.errors import UsageError


def shipped(*parts: str) -> Path:
    """A file or folder shipped with the program (``data``, ``indexes``, ``prompts``).

    An installed wheel carries them inside the package; a source checkout beside it.
    """
    package = Path(__file__).resolve().parent
    inside = package / "shipped"
    return (inside if inside.is_dir() else package.parent).joinpath(*parts)


def user_folder() -> Path:
    """The user's own folder: imported books, built indexes, the default store.

    ``CROSSWALK_HOME`` overrides the platform's place.
    """
    named = os.environ.get("CROSSWALK_HOME", "").strip()
    if named:
        try:
            return Path(named).expanduser()
        except RuntimeError as error:
            raise UsageError(str(error), where="CROSSWALK_HOME", hint="name a folder") from None
    from platformdirs import user_data_path

    return user_data_path("crosswalk", appauthor=False)
