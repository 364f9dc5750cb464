"""Deployment packages and layers: what is in them stays in the folder that they are unpacked to."""

from __future__ import annotations

import io
import os
import shutil
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from fogbank.services.lambda_ import archives
from fogbank.services.lambda_.errors import InvalidParameterValue

LINK = 0o777 | stat.S_IFLNK
Entry = tuple[str, str | bytes, int]  # name, content (of a link: where it leads), mode


def evil(*entries: Entry) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content, mode in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (mode or 0o644) << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def link(name: str, goal: str) -> Entry:
    return name, goal, LINK


def file(name: str, content: str | bytes = "x") -> Entry:
    return name, content, 0


@pytest.fixture
def unpacked(tmp_path):
    """`unpacked(zip, zip, …)`: the folder that they are unpacked to over each other; all around it is watched."""
    place = tmp_path / "a" / "b"
    place.mkdir(parents=True)

    def go(*contents: bytes) -> Path:
        paths = []
        for number, content in enumerate(contents):
            paths.append(tmp_path / f"{number}.zip")
            paths[-1].write_bytes(content)
        before = around(tmp_path)
        folder = place / "code"
        archives.unpack(paths, folder)
        assert around(tmp_path) == before, "nothing was made outside"
        inside = folder.resolve()
        for path in folder.rglob("*"):
            assert not path.is_symlink() or path.resolve().is_relative_to(inside), f"{path} leads out"
        return folder

    def around(root: Path) -> list[Path]:
        return sorted(path for path in root.rglob("*") if "code" not in path.relative_to(root).parts)

    return go


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "..", "a/..", "..\\x", "\\x", "a/./../../x", "../code2/x"])
@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_names_that_leave_are_refused(unpacked, name, kind):
    """At the door; and one that came past it is not unpacked."""
    entry = {"file": file(name), "link": link(name, "y"), "folder": file(f"{name}/")}[kind]
    with pytest.raises(InvalidParameterValue, match="Could not unzip"):
        archives.check(io.BytesIO(evil(entry)))
    assert names(unpacked(evil(entry, file("ok")))) == ["ok"]


def test_a_link_that_leads_out_and_a_file_through_it(unpacked):
    folder = unpacked(evil(link("out", ".."), file("out/x"), file("out/made/y"), file("ok")))
    assert names(folder) == ["ok", "out", "out/made", "out/made/y", "out/x"], "a folder of the package, no link"
    assert not (folder / "out").is_symlink()


def test_a_folder_made_through_a_link(unpacked):
    """The folder was made before anybody looked where it lies."""
    folder = unpacked(
        evil(link("out", "../.."), ("out/made/", "", 0o755), file("deep/x"), link("deep/out", "../../.."))
    )
    assert names(folder) == ["deep", "deep/x", "out", "out/made"]


def test_links_that_lead_out_only_together(unpacked):
    """`e` leads to b/.. while there is no b; then b comes, and leads to the folder itself."""
    folder = unpacked(evil(link("e", "b/.."), link("b", "."), file("ok")))
    assert names(folder) == ["b", "ok"]
    assert os.readlink(folder / "b") == "."


def test_a_later_layer_that_turns_a_link_of_an_earlier_one(unpacked):
    folder = unpacked(
        evil(link("e", "b/.."), file("ok")),
        evil(link("b", ".")),
        evil(file("e/made/x"), ("e/folder/", "", 0o755)),
    )
    assert "ok" in names(folder)


@pytest.mark.parametrize(
    "links",
    [
        [("a", "a")],
        [("a", "b"), ("b", "a")],
        [("a", "b/c"), ("b", "a/d")],
        [(f"l{n}", f"l{n + 1}") for n in range(100)],
    ],
    ids=["itself", "each other", "deeper", "a hundred"],
)
def test_circles_and_chains(unpacked, links):
    folder = unpacked(evil(*(link(*each) for each in links), file("ok")), evil(file("a/x"), file("l0/x")))
    assert (folder / "ok").read_text() == "x"


@pytest.mark.parametrize("goal", ["/etc/passwd", "/", "../../x", "x/../../..", "", "a\0b", "y" * 5000])
def test_where_a_link_may_not_lead(unpacked, goal):
    assert names(unpacked(evil(link("l", goal), file("ok")))) == ["ok"]


def test_links_that_stay(unpacked):
    """A library and its versions, as they are packed everywhere: also through another layer's folder."""
    folder = unpacked(
        evil(file("lib/so.1.2", "code"), link("lib/so.1", "so.1.2"), link("lib/so", "so.1"), link("lib64", "lib")),
        evil(file("lib64/other", "more"), link("bin/so", "../lib/so")),
    )
    assert (folder / "bin" / "so").read_text() == "code"
    assert (folder / "lib" / "other").read_text() == "more"
    assert os.readlink(folder / "lib64") == "lib"


def test_a_file_and_a_folder_of_one_name(unpacked):
    folder = unpacked(evil(file("a"), file("a/b"), file("c/d"), file("c"), link("c/d", "x"), link("c", "a")))
    assert names(folder) == ["a", "c", "c/d"]


def test_what_is_not_a_file_becomes_one(unpacked):
    """Devices, pipes, and rights that no package may give."""
    kinds = [stat.S_IFBLK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK]
    folder = unpacked(evil(*((f"f{n}", "x", kind | 0o6777) for n, kind in enumerate(kinds))))
    assert {(folder / name).lstat().st_mode for name in names(folder)} == {stat.S_IFREG | 0o700}


# -- sizes -------------------------------------------------------------------------------------------------------------


def declared(content: bytes, size: int) -> bytes:
    """A package whose one entry says that it has another size."""
    at = content.rindex(b"PK\1\2")
    return content[: at + 24] + struct.pack("<I", size) + content[at + 28 :]


def refused(content: bytes) -> str:
    with pytest.raises(InvalidParameterValue) as error:
        archives.check(io.BytesIO(content))
    return error.value.message


def test_sizes_that_are_too_large_or_not_true():
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 250 MB unzipped"""
    honest = evil(file("a", b"0" * 1000))
    assert archives.check(io.BytesIO(honest)) == 1000
    assert refused(declared(honest, 262_144_001)) == "Unzipped size must be smaller than 262144000 bytes"
    for size in (999, 1, 0):
        assert "Could not unzip" in refused(declared(honest, size))
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(27):
            archive.writestr(str(n), bytes(10_000_000))
    assert len(bomb.getvalue()) < 300_000
    assert refused(bomb.getvalue()) == "Unzipped size must be smaller than 262144000 bytes"
    assert "Could not unzip" in refused(declared(evil(file("a", bytes(5_000_000))), 10))


def test_packages_that_cannot_be_unpacked_are_refused_at_once():
    honest = evil(file("a", b"0" * 1000))
    assert "Could not unzip" in refused(honest.replace(b"0" * 1000, b"1" * 1000)), "its checksum is another"
    at = honest.rindex(b"PK\1\2")
    assert "Could not unzip" in refused(honest[: at + 8] + b"\1\0" + honest[at + 10 :]), "encrypted"
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.writestr("a", "x" * 100)
        assert "Could not unzip" in refused(buffer.getvalue())
    for name in (("a" * 200 + "/") * 20 + "x", "x" * 256, "é" * 200):
        assert "Could not unzip" in refused(evil(file(name)))


def test_folders_that_are_too_deep_to_be_removed_again(unpacked):
    assert archives.check(io.BytesIO(evil(file("a/" * 255 + "x")))) == 1
    assert "Could not unzip" in refused(evil(file("a/" * 256 + "x")))
    shutil.rmtree(unpacked(evil(file("a/" * 255 + "x"), file("a/" * 256 + "x"))))


# -- through the front door --------------------------------------------------------------------------------------------


def test_a_function_and_a_layer(aws, function_of):
    """Through the API: the service says no where AWS would, and what it takes stays inside."""
    client = function_of(aws, evil(file("app.py", "")), "first")
    role = client.get_function_configuration(FunctionName="first")["Role"]
    for content in (evil(file("../x")), evil(file("a"))[:-30], b"no zip", declared(evil(file("a", "xx")), 1)):
        with pytest.raises(ClientError, match=r"InvalidParameterValueException.*Could not unzip uploaded file"):
            client.create_function(
                FunctionName="g", Role=role, Runtime="python3.11", Handler="app.handler", Code={"ZipFile": content}
            )
        with pytest.raises(ClientError, match=r"InvalidParameterValueException.*Could not unzip uploaded file"):
            client.publish_layer_version(LayerName="l", Content={"ZipFile": content})
    layer = evil(link("out", "../../.."), ("out/made/", "", 0o755), link("e", "b/.."), link("b", "."))
    arn = client.publish_layer_version(LayerName="l", Content={"ZipFile": layer})["LayerVersionArn"]
    code = "import os\ndef handler(event, context):\n    return sorted(os.listdir(os.environ['FOGBANK_OPT']))\n"
    answer = function_of(aws, evil(file("app.py", code)), Layers=[arn]).invoke(FunctionName="f", Payload=b"{}")
    assert answer["Payload"].read() == b'["b", "out"]'
