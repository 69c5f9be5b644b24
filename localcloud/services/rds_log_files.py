"""RDS's own view of the servers' logs: which files there are, and portions of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from localcloud.api import Answer, ApiError, Call, Operations, page
from localcloud.servers.log_files import LogFiles
from localcloud.services.context import Cloud
from localcloud.services.surroundings import name_of
from localcloud.site import Site

_NAMES = {
    "audit": "audit/server_audit.log",
    "error": "error/mysql-error.log",
    "general": "general/mysql-general.log",
    "postgresql": "error/postgresql.log",
    "slowquery": "slowquery/mysql-slowquery.log",
}
"""As RDS calls the files, by the log that is in them."""
_MOST_BYTES = 1024 * 1024
_MOST_LINES = 10_000
_MARKER = re.compile(r"\d{1,18}\Z")


class RdsLogFiles:
    """The log files of instances and of clusters' members."""

    def __init__(self, cloud: Cloud, site: Site) -> None:
        self._cloud = cloud
        self._root = site.logs_dir

    def register(self, operations: Operations) -> None:
        """Answer the two operations on log files."""
        operations.handle("rds", "DescribeDBLogFiles", self._describe)
        operations.handle("rds", "DownloadDBLogFilePortion", self._download)

    def _files(self, call: Call) -> Iterator[tuple[str, Path]]:
        identifier = name_of(call.params["DBInstanceIdentifier"])
        missing = ApiError("DBInstanceNotFound", f"DBInstance {identifier} not found.", 404)
        self._cloud.need("instance", call.region, identifier, missing)
        logs = LogFiles(self._root, f"{call.region}.{identifier}")
        for log, name in sorted(_NAMES.items()):
            for path in logs.parts(log):
                # The number of one that was put aside.
                yield name + path.name.removeprefix(f"{log}.log"), path

    def _describe(self, call: Call) -> Answer:
        p = call.params
        found = []
        for name, path in self._files(call):
            try:
                seen = path.stat()
            except FileNotFoundError:
                continue
            written = round(seen.st_mtime * 1000)
            if (
                (p.get("FilenameContains") or "") in name
                and written >= int(p.get("FileLastWritten") or 0)
                and seen.st_size >= int(p.get("FileSize") or 0)
            ):
                found.append({"LogFileName": name, "LastWritten": written, "Size": seen.st_size})
        return page(call, "DescribeDBLogFiles", found)

    def _download(self, call: Call) -> Answer:
        p = call.params
        path = next((path for name, path in self._files(call) if name == p["LogFileName"]), None)
        if path is None:
            raise ApiError(
                "DBLogFileNotFoundFault", f"DBLog File: {p['LogFileName']}, is not found.", 404
            )
        most = min(int(p.get("NumberOfLines") or _MOST_LINES), _MOST_LINES)
        marker = p.get("Marker")
        with path.open("rb") as file:
            size = file.seek(0, 2)
            begin = max(0, size - _MOST_BYTES) if marker is None else _place(marker)
            file.seek(begin)
            lines = file.read(_MOST_BYTES).splitlines(keepends=True)
        # Without a marker the end of the file is meant.
        chosen = lines[-most:] if marker is None else lines[:most]
        end = size if marker is None else begin + sum(map(len, chosen))
        return {
            "LogFileData": b"".join(chosen).decode(errors="replace"),
            "Marker": str(end),
            "AdditionalDataPending": end < size,
        }


def _place(marker: str) -> int:
    if not _MARKER.match(marker):
        raise ApiError("InvalidParameterValue", f"Invalid marker: {marker}")
    return int(marker)
