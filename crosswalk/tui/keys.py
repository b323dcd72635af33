"""The keys of the review screen, as they are shown."""

KEY_BAR = (
    "1-6 pick  Enter accept  a amend  s split  n new  r none  d defer  c comment\n"
    "u undo  b bulk  / search  g code  f filter  o order  ←→ move  ? help  q quit"
)
"""Two lines of at most 80 cells."""

HELP = (
    ("1-6", "take that answer and go on"),
    ("Enter", "take the marked answer (the proposal, unless you moved)"),
    ("↑ ↓", "mark another answer and see its definition"),
    ("→ ←  j k", "next case, case before, undecided"),
    ("a", "amend: search a code as you type, or walk the tree"),
    ("s", "split into several codes with shares"),
    ("n", "a new occupation: name and note"),
    ("r", "no code fits"),
    ("d", "defer: comes back with the filter 'deferred'"),
    ("c", "comment, without deciding"),
    ("u", "undo, step by step, also after a restart"),
    ("b", "bulk: identical answers, or all the filter selects"),
    ("/", "search words in the queue"),
    ("g", "show any code's definition"),
    ("f", "filter: status, probability, group, method, coder"),
    ("o", "order: impact, clusters of near-identical texts, file"),
    ("PgUp PgDn", "move the definition; [ and ] move the case"),
    ("Ctrl+T", "light or dark"),
    ("q", "quit; everything is kept already"),
)
"""Key and what it does."""
