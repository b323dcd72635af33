"""crosswalk train encoder"""

from pathlib import Path

import click

from crosswalk.cli import options


@click.group("train")
def command() -> None:
    """Train the models that crosswalk ships (extra "transformers")."""


@command.command("classifier")
@click.option("--data", type=options.FILE, required=True, help="Folder of label files: esco/, isco-08/, national/.")
@click.option("--encoders", type=options.FILE, required=True, help="What 'train encoder --folds' wrote.")
@click.option(
    "-o", "--out", type=options.FILE, required=True, help="Folder for head, weights, calibration sample and the worlds behind them."
)
def classifier(data: Path, encoders: Path, out: Path) -> None:
    """Train the shipped classifier over a trained encoder; `make index TRAINED=OUT` then installs it.

    \b
    Example:
      crosswalk train classifier --data labels/ --encoders encoder/ -o classifier/
    """
    from crosswalk import output
    from crosswalk.errors import UsageError

    try:
        from crosswalk.jobs.training.classifier import train_classifier
    except ImportError as error:
        raise UsageError(f"training needs more packages ({error.name})", hint="pip install 'isco-crosswalk[transformers]'") from None
    train_classifier(data, encoders, out, output.say)
    output.say(f"written: {out}")


@command.command("encoder")
@click.option("--data", type=options.FILE, required=True, help="Folder of label files: esco/, isco-08/, national/.")
@click.option("-o", "--out", type=options.FILE, required=True, help="Folder for the model.")
@click.option("--recipe", type=options.FILE, help="Seed and hyper-parameters (default: the shipped recipe).")
@click.option("--folds", is_flag=True, help="Also the four models that each left some countries out, for honest figures.")
def encoder(data: Path, out: Path, recipe: Path | None, folds: bool) -> None:
    """Train the encoder from label files.

    \b
    Example:
      crosswalk train encoder --data labels/ -o encoder/
    """
    from crosswalk import output
    from crosswalk.errors import UsageError
    from crosswalk.places import shipped

    try:
        from crosswalk.jobs.training.encoder import train_encoder
    except ImportError as error:
        raise UsageError(f"training needs more packages ({error.name})", hint="pip install 'isco-crosswalk[transformers]'") from None
    train_encoder(data, out, recipe or shipped("indexes", "isco-08", "recipe.toml"), output.say, folds=folds)
    output.say(f"written: {out}")
