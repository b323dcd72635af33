"""Answers of respondents who wrote of themselves more than their job: names, phone numbers, e-mails, ids, planted by code."""

import random

CANARY = "kanarie"

_JOBS = ["nurse", "Krankenpfleger", "chauffeur de bus", "profesora", "insegnante", "kierowca", "sygeplejerske", "motorista"]
_GIVEN = ["Anna", "Peter", "María", "Jean", "Giulia", "Katarzyna", "Lars", "João", "Oluwaseun", "Nguyen", "Siobhan", "Priya"]
_FAMILY = ["Berg", "Müller", "García", "Dupont", "Rossi", "Kowalska", "Sørensen", "Silva", "Okafor", "O'Brien", "Patel", "Van Dijk"]
_ADDRESS = ["Mr", "Frau", "Señora", "Mme", "Dr.", "Herr", "Signora", "Pani"]

KINDS = {"e-mail": 1.0, "phone": 1.0, "id": 1.0, "link": 1.0, "name with a form of address": 1.0, "name said to be one": 1.0,
         "given and family name": 0.6}  # fmt: skip
"""Kinds of what may name a person, and the share that has to be found."""


def planted(count: int, seed: int, kinds: tuple[str, ...] = tuple(KINDS)) -> list[tuple[str, str]]:
    """Answers, each with what must not leave: the words planted in it."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        job = rng.choice(_JOBS)
        secret, phrase = _PHRASES[rng.choice(kinds)](rng)
        made.append((rng.choice([f"{job}, {phrase}", f"{phrase} - {job}", f"{job} ({phrase})"]), secret))
    return made


def _email(rng: random.Random) -> tuple[str, str]:
    name = f"{rng.choice(_GIVEN).lower()}.{rng.choice(_FAMILY).lower().replace(' ', '')}".replace("'", "")
    address = f"{name}{rng.choice(['', '77', '+work'])}@{rng.choice(['example.org', 'mail.example.co.uk', 'büro.example'])}"
    return address, rng.choice([address, f"mail {address}", f"<{address}>"])


def _phone(rng: random.Random) -> tuple[str, str]:
    digits = [str(rng.randint(10, 99)) for _ in range(4)]
    number = rng.choice(["+45 {} {} {} {}", "0{}/{}{}{}", "({}) {}-{}{}", "{}.{}.{}.{}", "00 44 {}{}{}{}", "{}{}{}{}"]).format(*digits)
    return number, rng.choice([f"tel {number}", f"call me: {number}", number])


def _id(rng: random.Random) -> tuple[str, str]:
    number = rng.choice(["{:06d}-{:04d}", "{:03d}-{:05d}", "{:08d}{:01d}", "ID{:07d}{:02d}"])
    number = number.format(rng.randint(100_000, 199_999), rng.randint(1, 9))
    return number.removeprefix("ID"), rng.choice([f"no. {number}", f"id {number}", number])


def _link(rng: random.Random) -> tuple[str, str]:
    link = f"{rng.choice(['https://', 'www.', 'http://'])}example.org/{rng.choice(_GIVEN).lower()}/{rng.randint(1, 99)}"
    return link, f"see {link}"


def _addressed(rng: random.Random) -> tuple[str, str]:
    name = rng.choice([rng.choice(_FAMILY), f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)}"])
    return name, f"works for {rng.choice(_ADDRESS)} {name}"


def _said(rng: random.Random) -> tuple[str, str]:
    name = f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)}"
    return name, f"{rng.choice(['my name is', 'ich heiße', 'me llamo', 'mi chiamo', 'name:', 'contact:'])} {name}"


def _bare(rng: random.Random) -> tuple[str, str]:
    name = f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)}"
    return name, name


_PHRASES = {"e-mail": _email, "phone": _phone, "id": _id, "link": _link, "name with a form of address": _addressed,
            "name said to be one": _said, "given and family name": _bare}  # fmt: skip
