"""CRC-32C and CRC-64/NVME without a C extension, fast enough for uploads.

Both are reflected CRCs and linear over GF(2), so the CRC of a long text follows from the CRCs of its pieces. A block
is cut into many equal lanes. The lanes' states advance together, one byte of every lane at a time: for each byte of
the register there is one byte string with that byte of all lanes, table look-ups are `bytes.translate`, and XOR works
on whole strings as integers. Then the lanes are joined pairwise, again all at once. This is some hundred times as
fast as a loop over bytes.

Parameters: https://reveng.sourceforge.io/crc-catalogue/17plus.htm (CRC-32/ISCSI, CRC-64/NVME).
"""

from __future__ import annotations

import zlib
from functools import lru_cache

BLOCK = 1 << 20
_LANE = 64  # bytes per lane


class Crc:
    """A reflected CRC of `width` bytes; its initial value and its final XOR have all bits set."""

    def __init__(self, width: int, polynomial: int) -> None:
        self.width = width
        self.mask = (1 << (8 * width)) - 1
        self.table = [self._byte(value, polynomial) for value in range(256)]
        # planes[i] translates a byte to byte i (from the low end) of its table entry
        self.planes = [bytes((entry >> (8 * i)) & 0xFF for entry in self.table) for i in range(width)]

    @staticmethod
    def _byte(value: int, polynomial: int) -> int:
        for _ in range(8):
            value = (value >> 1) ^ polynomial if value & 1 else value >> 1
        return value

    def update(self, data: bytes, crc: int = 0) -> int:
        """Continues `crc` with `data`, like zlib.crc32."""
        state = crc ^ self.mask
        at, size = 0, len(data)
        while size - at >= 2 * 16 * _LANE:
            lanes = 1 << ((min(size - at, BLOCK) // _LANE).bit_length() - 1)
            taken = lanes * _LANE
            state = self._block(data[at : at + taken], lanes, state)
            at += taken
        table = self.table
        for byte in data[at:]:
            state = table[(state ^ byte) & 0xFF] ^ (state >> 8)
        return state ^ self.mask

    def combine(self, first: int, second: int, second_size: int) -> int:
        """Returns the CRC of two texts in a row, from the CRC of each and the size of the second."""
        return self.shift(first, second_size) ^ second

    def shift(self, register: int, size: int) -> int:
        """Returns the register after `size` zero bytes."""
        power = 0
        while size:
            if size & 1:
                register = self._apply(_powers(self, power), register)
            size >>= 1
            power += 1
        return register

    def _apply(self, matrix: tuple[int, ...], vector: int) -> int:
        total = 0
        index = 0
        while vector:
            if vector & 1:
                total ^= matrix[index]
            vector >>= 1
            index += 1
        return total

    def _block(self, block: bytes, lanes: int, state: int) -> int:
        width = self.width
        planes = [b"\0" * lanes] * width
        # the initial register goes into the first lane; linearity lets the other lanes begin at zero
        planes = [bytes([(state >> (8 * i)) & 0xFF]) + b"\0" * (lanes - 1) for i in range(width)]
        for column in range(_LANE):
            index = _xor(planes[0], block[column::_LANE], lanes)
            looked = [index.translate(table) for table in self.planes]
            planes = [_xor(looked[i], planes[i + 1], lanes) for i in range(width - 1)] + [looked[width - 1]]
        return self._join(planes, lanes)

    def _join(self, planes: list[bytes], lanes: int) -> int:
        """Joins the registers of all lanes into one: shifts the left of each pair over the right one."""
        size = _LANE
        while lanes > 1:
            tables = _shift_tables(self, size)
            left = [plane[0::2] for plane in planes]
            right = [plane[1::2] for plane in planes]
            lanes //= 2
            moved: list[bytes] = []
            for out in range(self.width):
                total = int.from_bytes(right[out], "little")
                for source in range(self.width):
                    total ^= int.from_bytes(left[source].translate(tables[source][out]), "little")
                moved.append(total.to_bytes(lanes, "little"))
            planes = moved
            size *= 2
        return sum(planes[i][0] << (8 * i) for i in range(self.width))


def _xor(a: bytes, b: bytes, size: int) -> bytes:
    return (int.from_bytes(a, "little") ^ int.from_bytes(b, "little")).to_bytes(size, "little")


@lru_cache(maxsize=256)
def _powers(crc: Crc, power: int) -> tuple[int, ...]:
    """The matrix (as the images of single bits) that shifts a register over 2**power zero bytes."""
    bits = 8 * crc.width
    if power == 0:
        return tuple(crc.table[(1 << i) & 0xFF] ^ ((1 << i) >> 8) for i in range(bits))
    half = _powers(crc, power - 1)
    return tuple(crc._apply(half, half[i]) for i in range(bits))


@lru_cache(maxsize=64)
def _shift_tables(crc: Crc, size: int) -> tuple[tuple[bytes, ...], ...]:
    """The translation tables [source byte][result byte] for shifting registers over `size` zero bytes."""
    tables = []
    for source in range(crc.width):
        images = [crc.shift(1 << (8 * source + bit), size) for bit in range(8)]
        whole = []
        for value in range(256):
            image = 0
            for bit in range(8):
                if value >> bit & 1:
                    image ^= images[bit]
            whole.append(image)
        tables.append(tuple(bytes((image >> (8 * out)) & 0xFF for image in whole) for out in range(crc.width)))
    return tuple(tables)


class _Crc32(Crc):
    """CRC-32: zlib computes it, this class only combines."""

    def update(self, data: bytes, crc: int = 0) -> int:
        return zlib.crc32(data, crc)


@lru_cache(maxsize=4)
def engine(algorithm: str) -> Crc:
    """Returns the CRC for `CRC32`, `CRC32C` or `CRC64NVME`."""
    if algorithm == "CRC64NVME":
        return Crc(8, 0x9A6C9329AC4BC9B5)
    return Crc(4, 0x82F63B78) if algorithm == "CRC32C" else _Crc32(4, 0xEDB88320)
