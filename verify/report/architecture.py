"""The deployed architecture as a picture: regions, databases, nodes in zones, who copies whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from contract import Database, Endpoint
from verify.report.nodes import Node
from verify.report.svg import element, picture

_CARD = 400.0
_ROW = 16.0
_HEAD = 50.0
_ZONE_GAP = 6.0
_ZONE_NAME = 104.0
_GAP = 30.0
_PAD = 22.0
_TALL = 8
"""Cards above each other before a region gets a second column."""

_SERVICES = {
    "rds": ("Amazon RDS", "R"),
    "aurora": ("Amazon Aurora", "A"),
    "cache": ("Amazon ElastiCache", "C"),
    "proxy": ("Amazon RDS Proxy", "P"),
    "dms": ("AWS DMS", "D"),
}


@dataclass(frozen=True)
class _Card:
    """A box of the picture: a database, or a global database's cluster in another region."""

    key: str
    title: str
    service: str
    region: str
    lines: tuple[str, ...]
    zones: tuple[tuple[str, tuple[str, ...]], ...]
    """Each with its servers; the first without a name where nobody knows theirs."""
    engine: str = ""

    @property
    def height(self) -> float:
        zones = sum(_zone_height(servers) + _ZONE_GAP for _, servers in self.zones)
        return _HEAD + _ROW * len(self.lines) + zones + 10


@dataclass(frozen=True)
class _Arrow:
    begin: str
    end: str
    name: str


def architecture(
    databases: Mapping[str, Database], nodes: Mapping[str, tuple[Node, ...]]
) -> Markup:
    """The whole picture."""
    cards = [card for name in _together(databases) for card in _cards(name, databases[name], nodes)]
    places: dict[str, tuple[float, float]] = {}
    parts: list[Markup] = []
    left, height = _PAD, 0.0
    for region in dict.fromkeys(card.region for card in cards):
        there = [card for card in cards if card.region == region]
        columns = -(-len(there) // _TALL)
        tops = [_PAD + 40] * columns
        for number, card in enumerate(there):
            column = number * columns // len(there)
            places[card.key] = (left + _PAD + column * (_CARD + 2 * _GAP), tops[column])
            tops[column] += card.height + _GAP
        width = columns * _CARD + (columns - 1) * 2 * _GAP + 2 * _PAD
        tall = max(tops) - _GAP + _PAD - _PAD
        parts.append(
            element("rect", x=left, y=_PAD, width=width, height=tall, rx=8.0, class_="region")
        )
        parts.append(
            element("text", f"Region {region}", x=left + 14, y=_PAD + 24, class_="region-name")
        )
        left, height = left + width + 3 * _GAP, max(height, tall + 2 * _PAD)
    by_key = {card.key: card for card in cards}
    arrows = [a for a in _arrows(databases) if a.begin in places and a.end in places]
    lines = [_line(arrow, by_key, places) for arrow in arrows]
    # The arrows below what they cross, their names above it.
    parts += [line for line, _ in lines]
    parts += [_drawn(card, *places[card.key]) for card in cards]
    parts += [name for _, name in lines]
    head = element(
        "marker",
        element("path", d="M0,0L8,4L0,8z", class_="tip"),
        id="tip", viewBox="0 0 8 8", refX=7, refY=4, markerWidth=8, markerHeight=8, orient="auto",
    )  # fmt: skip
    size = (left - 2 * _GAP, height)
    return picture(*size, "The deployed databases", [element("defs", head), *parts], "architecture")


def _together(databases: Mapping[str, Database]) -> list[str]:
    """The names, each followed by those that copy it or lead to it.

    Who is copied in another region comes last: its arrows leave on the right, over no card.
    """
    ordered: list[str] = []

    def place(name: str) -> None:
        if name not in ordered:
            ordered.append(name)
            for other, database in databases.items():
                if database.source == name:
                    place(other)

    def leaves(name: str) -> bool:
        here = databases[name]
        return here.worldwide is not None or any(
            other.source == name and (other.region != here.region or leaves(others))
            for others, other in databases.items()
        )

    first = [name for name, found in databases.items() if found.source not in databases]
    for name in sorted(first, key=leaves):
        place(name)
    # Whoever is left leads in a circle.
    return ordered + [name for name in databases if name not in ordered]


def _cards(name: str, database: Database, nodes: Mapping[str, tuple[Node, ...]]) -> Iterator[_Card]:
    said = [_endpoint(endpoint) for endpoint in database.endpoints if endpoint.role != "instance"]
    if database.migration is not None:
        said.append(f"{database.migration.source} → {database.migration.target}")
    engine = f" · {database.engine} {database.version}"
    zones = _zones(nodes.get(name, ()))
    yield _Card(name, name, _service(database), database.region, tuple(said), zones, engine)
    if database.worldwide is not None:
        for secondary in database.worldwide.secondaries:
            lines = (_endpoint(secondary.reader),)
            key = f"{name}/{secondary.cluster}"
            known = {node.name: node for node in nodes.get(key, ())}
            members = [known.get(each, Node(each, "reader")) for each in secondary.instances]
            zones = _zones(members)
            yield _Card(key, secondary.cluster, "aurora", secondary.region, lines, zones)


def _service(database: Database) -> str:
    if database.migration is not None:
        return "dms"
    if database.kind == "rds-proxy":
        return "proxy"
    if "aurora" in database.kind or database.kind == "global-database":
        return "aurora"
    caches = ("redis", "valkey", "memcached")
    return "cache" if database.engine in caches or "cache" in database.kind else "rds"


def _endpoint(endpoint: Endpoint) -> str:
    name = f" {endpoint.name}" if endpoint.name else ""
    return f"⇢ {endpoint.role}{name}  {_shortened(endpoint.host)}:{endpoint.port}"


def _shortened(host: str) -> str:
    return host if len(host) <= 30 else f"{host[:14]}…{host[-15:]}"


def _zones(nodes: Iterable[Node]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Zones in their order with their servers; those whose zone nobody knows come first."""
    found: dict[str, list[str]] = {}
    for node in nodes:
        role = f": {node.role}" if node.role else ""
        found.setdefault(node.zone or "", []).append(f"■ {node.name}{role}")
        if node.standby is not None:
            found.setdefault(node.standby, []).append("□ its standby")
    return tuple((zone, tuple(found[zone])) for zone in sorted(found))


def _zone_height(servers: Sequence[str]) -> float:
    return _ROW * len(servers) + 6


def _arrows(databases: Mapping[str, Database]) -> Iterator[_Arrow]:
    for name, database in databases.items():
        if database.source is not None:
            if database.kind == "rds-proxy":
                yield _Arrow(name, database.source, "connections")
            else:
                yield _Arrow(database.source, name, "replication")
        if database.origin is not None:
            yield _Arrow(database.origin, name, "data once")
        if database.migration is not None:
            yield _Arrow(database.migration.source, name, "reads")
            yield _Arrow(name, database.migration.target, "writes")
        if database.worldwide is not None:
            for secondary in database.worldwide.secondaries:
                yield _Arrow(name, f"{name}/{secondary.cluster}", "replication")


def _drawn(card: _Card, x: float, y: float) -> Markup:
    service, letter = _SERVICES[card.service]
    lines = [
        element("text", line, x=x + 14, y=y + _HEAD + 14 + _ROW * number, class_="fact")
        for number, line in enumerate(card.lines)
    ]
    return element(
        "g",
        element("rect", x=x, y=y, width=_CARD, height=card.height, rx=6.0, class_="card"),
        _symbol(card.service, letter, x + 10, y + 8),
        element("text", card.title, x=x + 60, y=y + 24, class_="head"),
        element("text", f"{service}{card.engine}", x=x + 60, y=y + 40, class_="fact"),
        *lines,
        *_drawn_zones(card, x + 12, y + _HEAD + 6 + _ROW * len(card.lines)),
        class_=f"database {card.service}",
    )


def _drawn_zones(card: _Card, x: float, y: float) -> Iterator[Markup]:
    for zone, servers in card.zones:
        height = _zone_height(servers)
        y += _ZONE_GAP
        if zone:
            yield element("rect", x=x, y=y, width=_CARD - 24, height=height, rx=3.0, class_="zone")
            yield element("text", zone, x=x + 8, y=y + 15, class_="fact zone-name")
        for number, server in enumerate(servers):
            at = (x + _ZONE_NAME, y + 15 + _ROW * number)
            yield element("text", server, x=at[0], y=at[1], class_="fact")
        y += height


def _symbol(service: str, letter: str, x: float, y: float) -> Markup:
    """Our own, in the manner of AWS's: a tile in the colour of what it is for, a white sign.

    A cylinder for what keeps rows, layers for a cache, a ring for what passes on. AWS lets
    people draw with its icons; that a repository may hand them on it does not say.
    """
    if service in ("rds", "aurora"):
        shape = "M8,13a12,4.5 0 0 1 24,0v15a12,4.5 0 0 1 -24,0zm0,0a12,4.5 0 0 0 24,0"
    elif service == "cache":
        shape = "M8,14l12,-6l12,6v13l-12,6l-12,-6zm0,0l12,6l12,-6"
    else:
        shape = "M20,8a12.5,12.5 0 1 1 -0.1,0z"
    return element(
        "g",
        element("rect", width=40.0, height=40.0, rx=4.0, class_="tile-of"),
        element("path", d=shape, class_="symbol"),
        element(
            "text", letter, x=20.0, y=29.0 if service != "dms" else 25.0, class_="middle letter"
        ),
        transform=f"translate({x:.0f} {y:.0f})",
    )


def _line(
    arrow: _Arrow, cards: Mapping[str, _Card], places: Mapping[str, tuple[float, float]]
) -> tuple[Markup, Markup]:
    """The arrow, and its name."""
    (x1, y1), (x2, y2) = places[arrow.begin], places[arrow.end]
    y1, y2 = y1 + cards[arrow.begin].height / 2, y2 + cards[arrow.end].height / 2
    if x1 == x2:
        # Around the column, on its right; the longer, the further out.
        x1, x2 = x1 + _CARD, x2 + _CARD
        bend1 = bend2 = x1 + min(80.0, 20 + abs(y2 - y1) / 8)
    elif x1 < x2:
        x1 += _CARD
        bend1, bend2 = x1 + 40, x2 - 40
    else:
        x2 += _CARD
        bend1, bend2 = x1 - 40, x2 + 40
    curve = f"M{x1:.0f},{y1:.0f}C{bend1:.0f},{y1:.0f} {bend2:.0f},{y2:.0f} {x2:.0f},{y2:.0f}"
    middle = ((x1 + 3 * bend1 + 3 * bend2 + x2) / 8, (y1 + y2) / 2)
    kind = f"arrow {arrow.name.split()[0]}"
    return (
        element("path", d=curve, class_=kind, marker_end="url(#tip)"),
        element("text", arrow.name, x=middle[0], y=middle[1] - 4, class_="middle label"),
    )
