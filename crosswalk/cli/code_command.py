"""crosswalk code"""

from typing import TYPE_CHECKING

import click

from crosswalk.cli import options
from crosswalk.cli.input_options import Survey, survey
from crosswalk.cli.llm_options import llm

if TYPE_CHECKING:
    from crosswalk.jobs.opinions import SecondOpinion


@click.command("code")
@click.argument("file", type=options.FILE_OR_ADDRESS)
@survey(needed=True)
@click.option("--run", "run_name", help="Name of the run (default: made from the file's name).")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that code (default: one a core, at most 4).")
@click.option("--engine", metavar="MASTER", help="Code Parquet on Spark instead: spark://HOST:7077, yarn, k8s://... or local[2].")
@click.option("-o", "--out", type=options.FILE_OR_ADDRESS, required=True, help="File to write (.csv, .tsv, both also .gz; .parquet).")
@llm(may_decide=False)
@options.reading
@options.scheme
@options.store
def command(
    file: options.Place,
    survey: Survey,
    run_name: str | None,
    workers: int | None,
    engine: str | None,
    out: options.Place,
    second: "SecondOpinion | None",
    sheet: str | None,
    encoding: str | None,
    delimiter: str | None,
    scheme: str,
    store_path: options.Place | None,
) -> None:
    """Code the answers of a survey or a census, of any size.

    OUT keeps the file's columns and adds code, title, probability, method and the six best codes. Answers that are not sure
    enough get method "review" and no code. A run that was stopped is completed by the same command. With --llm a language model is
    asked about those; what it says stands beside them in the queue (crosswalk export) and changes no code. With --engine Spark codes
    Parquet, on many machines, to the same rows; it keeps no run.

    \b
    Examples:
      crosswalk code survey.csv --text-column occupation -o coded.csv
      crosswalk code lfs.csv --text-column job --text-column tasks --rules rules.toml --target-accuracy 0.95 -o coded.csv
      crosswalk code ads.parquet --text-column title --engine spark://host:7077 -o coded.parquet
    """
    if engine:
        from crosswalk.cli.code_on_spark import code_on_spark

        unused = {"--run": run_name, "--workers": workers, "--llm": second, "--store": store_path, "--sheet": sheet,
                  "--encoding": encoding, "--delimiter": delimiter}  # fmt: skip
        code_on_spark(engine, str(file), str(out), survey, scheme, [name for name, value in unused.items() if value])
        return
    from functools import partial

    from crosswalk import output
    from crosswalk.cli import coded_output
    from crosswalk.cli.coding_options import chosen_rules, chosen_threshold, chosen_workers
    from crosswalk.cli.columns import answer_columns
    from crosswalk.coding.autocoder import Autocoder
    from crosswalk.errors import DataError
    from crosswalk.files.readers import read_table
    from crosswalk.jobs.census import CodingJob, code_file
    from crosswalk.jobs.opinions import questions_of_answers, second_opinions
    from crosswalk.store.store import Store

    file, out = options.own_file(file), options.own_file(out)
    read = partial(read_table, file, sheet=sheet, encoding=encoding, delimiter=delimiter)
    table, coder = read(), Autocoder.open(scheme)
    rules = chosen_rules(survey.rules_file, survey.register_column, table, coder.classification, output.say)
    columns = answer_columns(table, survey.text_columns, rules, output.say)
    level = chosen_threshold(survey.threshold, survey.target_accuracy, scheme, output.say)
    job = CodingJob(table, read, out, columns, scheme, rules, level, chosen_workers(workers), run_name,
                    {"encoding": encoding, "delimiter": delimiter})  # fmt: skip
    with Store(options.store_file(store_path)) as store:
        coded = code_file(job, coder, store, output.progress, output.say)
        if second:
            questions = questions_of_answers(store.queue(coded.run), second, coder.classification)
            second_opinions(store, coded.run, questions, second, output.progress, output.say)
    coded_output.say_what_was_coded(coded, level)
    if coded.failed:
        raise DataError(f"{coded.failed:,} answers could not be coded; their notes say why", where=str(out), hint="give the command again")
