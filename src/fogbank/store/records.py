"""Records as bytes: a checksum, the table's version, then msgpack.

4 bytes   CRC-32 of the row's key and everything that follows: a damaged or misplaced value is found, not served
1 byte    the version of the table when the record was written (254 at most)
rest      msgpack of the record's fields, defaults left out
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic
from zlib import crc32

import msgspec

from .api import Key, R, StoreCorrupt, StoreTooNew, Table
from .keys import SEPARATOR, encode, entries

RESIDUE = 0x2144DF1C  # the CRC-32 of anything that ends in its own CRC-32


class Codec(Generic[R]):
    """Encodes and decodes the rows of one table. Created on first use, since annotations may refer forward."""

    __slots__ = (
        "_decode",
        "_encode",
        "_index_of",
        "_version",
        "end",
        "floor",
        "indexes",
        "key_of",
        "load_row",
        "load_rows",
        "prefix",
        "table",
    )

    def __init__(self, table: Table[R]) -> None:
        if not 1 <= table.version < 255:
            raise ValueError(f"table {table.name}: the version must be between 1 and 254")
        name = table.name.encode()
        self.table = table
        self.prefix = name + b"\x00"  # of records
        self.end = name + b"\x01"  # the end of the records, and the start of the index rows
        self.floor = {index: name + b"\x01" + index.encode() + b"\x00" for index in table.indexes}
        self.indexes: list[tuple[bytes, Callable[[R], Any]]] = [
            (self.floor[index], function) for index, function in table.indexes.items()
        ]
        self.key_of = table.key
        self._version = bytes([table.version])
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(table.record).decode
        self.load_row, self.load_rows = self._loaders()

    def row(self, key: Key) -> bytes:
        """The row key of a record."""
        return self.prefix + encode(key)

    def dump(self, row: bytes, record: R) -> bytes:
        body = self._version + self._encode(record)
        return body + crc32(body, crc32(row)).to_bytes(4, "little")

    def load(self, row: bytes, value: bytes) -> R:
        """Decode a row. Raises StoreCorrupt for a damaged value, StoreTooNew for one of a later version."""
        if crc32(value, crc32(row)) != RESIDUE:
            raise StoreCorrupt(
                f"the record at {describe(row)} of table {self.table.name} is damaged (its checksum does not match). "
                "Nothing else is affected; restore a snapshot, or `fogbank reset` the service to lose only its state"
            )
        if value[0] == self.table.version:
            return self._decode(value[1:-4])
        return self._migrate(value)

    def _loaders(self) -> tuple[Callable[[tuple[bytes, bytes]], R], Callable[[list[tuple[bytes, bytes]]], list[R]]]:
        """`load` for one row and for many, in the form that scans use: the same checks in fewer calls."""
        load, decode, current = self.load, self._decode, self.table.version

        def load_row(row: tuple[bytes, bytes]) -> R:
            key, value = row
            if crc32(value, crc32(key)) == RESIDUE and value[0] == current:
                return decode(value[1:-4])
            return load(key, value)

        def load_rows(rows: list[tuple[bytes, bytes]]) -> list[R]:
            return [
                decode(value[1:-4]) if crc32(value, crc32(key)) == RESIDUE and value[0] == current else load(key, value)
                for key, value in rows
            ]

        return load_row, load_rows

    def _migrate(self, value: bytes) -> R:
        version, table = value[0], self.table
        if version > table.version:
            raise StoreTooNew(
                f"table {table.name} holds records of version {version}, this Fogbank knows {table.version}: the data "
                "directory was written by a newer Fogbank; upgrade, or use another --data"
            )
        plain = msgspec.msgpack.decode(value[1:-4])
        for step in range(version, table.version):
            plain = table.migrations[step](plain)
        return self._decode(self._encode(plain))

    def index_rows(self, record: R, row: bytes) -> set[bytes]:
        """The index rows of a record. `row` is the record's row, and the value of each index row."""
        key = row[len(self.prefix) :]
        return {
            floor + encode(entry) + SEPARATOR + key
            for floor, function in self.indexes
            for entry in entries(function(record))
        }


def codec(table: Table[R]) -> Codec[R]:
    """The codec of a table, cached on the table."""
    made: Codec[R] | None = table.codec
    if made is None:
        made = table.codec = Codec(table)
    return made


def intact(row: bytes, value: bytes) -> bool:
    """Whether a record's checksum fits its value and row."""
    return crc32(value, crc32(row)) == RESIDUE


def describe(row: bytes) -> str:
    """A readable form of a row's key."""
    from .keys import decode

    try:
        return repr(decode(row.partition(b"\x00")[2]))
    except ValueError:
        return row.hex()
