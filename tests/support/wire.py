"""What the receiving server wrote down, by campaign: the oracle of the fault tests, read as the file grows."""

import json
from collections import Counter, defaultdict
from pathlib import Path


class Wire:
    """Deliveries are named by the keys in their Message-ID, and by whom they were for."""

    def __init__(self, record: Path) -> None:
        self._record = record
        self._read = 0
        self._rest = b""
        self._arrivals: defaultdict[int, Counter[tuple[int, str]]] = defaultdict(Counter)

    def arrivals(self, campaign_id: int) -> Counter[tuple[int, str]]:
        """How often each (seq, address) of a campaign arrived so far."""
        if self._record.exists():
            with self._record.open("rb") as file:
                file.seek(self._read)
                piece = file.read()
            self._read += len(piece)
            *lines, self._rest = (self._rest + piece).split(b"\n")
            for line in lines:
                self._note(json.loads(line))
        return self._arrivals[campaign_id]

    def _note(self, arrival: dict[str, str]) -> None:
        _, campaign, seq, *_ = arrival["id"].split("@")[0].split(".")
        self._arrivals[int(campaign, 36)][int(seq, 36), arrival["to"]] += 1
