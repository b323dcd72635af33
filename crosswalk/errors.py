"""The tree of errors. Each branch has the exit code that the command line ends with.

Every message says what happened and where; ``hint`` says what to do next.
"""


class CrosswalkError(Exception):
    """Anything crosswalk refuses to do, told to a person.

    ``where`` names the file, sheet, row or column; ``hint`` is the next step.
    """

    exit_code = 1

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message}"


class UsageError(CrosswalkError):
    """The command cannot mean what was typed."""

    exit_code = 2


class DataError(CrosswalkError):
    """A file from outside cannot be used as it is."""

    exit_code = 3


class IndexFolderError(CrosswalkError):
    """A folder made by ``crosswalk index build`` is missing, damaged or of another make."""

    exit_code = 4


class ModelError(CrosswalkError):
    """An encoder, a classifier or an LLM cannot be used."""

    exit_code = 5


class StoreError(CrosswalkError):
    """The store cannot be read or written."""

    exit_code = 6
