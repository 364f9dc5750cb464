"""The machine images that AWS and others publish: one release of each, in every region.

    al2023-ami-2023.9.20251117.1-kernel-6.1-x86_64      owner 137112412989, alias amazon

Names, owners, root devices and sizes are those of AWS; ids are made up (`core/public_images.py`). They are named by the
public parameters of Systems Manager, and a parameter's value is the id of an image here.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/finding-an-ami.html
https://docs.aws.amazon.com/linux/al2023/ug/naming-and-versioning.html
https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

from fogbank.core.context import Context
from fogbank.core.public_images import image_id, snapshot_id

from .records import Device, Image, Snapshot

AMAZON_LINUX, ECS, EKS = "137112412989", "591542846629", "602401143452"
WINDOWS, UBUNTU, DEBIAN, BOTTLEROCKET = "801119661308", "099720109477", "136693071363", "092701018921"
ARCHITECTURES = ("x86_64", "arm64")
DEBIAN_WORDS = {"x86_64": "amd64", "arm64": "arm64"}  # what Debian and Ubuntu call them
WINDOWS_RELEASES = {"2016": "gp2", "2019": "gp2", "2022": "gp2", "2025": "gp3"}
UBUNTU_RELEASES = {
    "20.04": ("focal", "20250603", "gp2"),
    "22.04": ("jammy", "20251112", "gp2"),
    "24.04": ("noble", "20251113", "gp3"),
}
DEBIAN_RELEASES = {"11": ("20251006-2257", "gp2"), "12": ("20251112-2294", "gp3")}
EKS_RELEASES = ("1.30", "1.31", "1.32", "1.33")
EPHEMERAL = [Device(name="/dev/sdb", virtual="ephemeral0"), Device(name="/dev/sdc", virtual="ephemeral1")]

Offer = dict[str, Any]  # `parameter`, and members of an Image


def _disk(size: int, type: str = "gp3", name: str = "/dev/xvda") -> Device:
    ebs: dict[str, Any] = {"DeleteOnTermination": True, "VolumeSize": size, "VolumeType": type, "Encrypted": False}
    return Device(name=name, ebs=ebs | ({"Iops": 3000, "Throughput": 125} if type == "gp3" else {}))


def _amazon_linux_2023() -> Iterator[Offer]:
    for architecture in ARCHITECTURES:
        for kernel in ("6.1", "6.12", "6.18"):
            for word, parameter, size in (("", "", 8), ("-minimal", "minimal-", 2)):
                yield {
                    "parameter": f"ami-amazon-linux-latest/al2023-ami-{parameter}kernel-{kernel}-{architecture}",
                    "name": f"al2023-ami{word}-2023.9.20251117.1-kernel-{kernel}-{architecture}",
                    "description": f"Amazon Linux 2023 AMI 2023.9.20251117.1 {architecture} HVM kernel-{kernel}",
                    "owner": AMAZON_LINUX, "architecture": architecture, "devices": [_disk(size)], "imds": "v2.0",
                    "boot_mode": "uefi" if architecture == "arm64" else "uefi-preferred",
                    "created": _time("2025-11-18T02:13:43"),
                }  # fmt: skip


def _amazon_linux_2() -> Iterator[Offer]:
    release = "2.0.20251110.1"
    forms = [
        ("amzn2-ami-hvm-{a}-gp2", "amzn2-ami-hvm-{r}-{a}-gp2", ARCHITECTURES, "gp2", 8),
        ("amzn2-ami-hvm-{a}-ebs", "amzn2-ami-hvm-{r}-{a}-ebs", ("x86_64",), "standard", 8),
        ("amzn2-ami-kernel-5.10-hvm-{a}-gp2", "amzn2-ami-kernel-5.10-hvm-{r}-{a}-gp2", ARCHITECTURES, "gp2", 8),
        ("amzn2-ami-kernel-5.10-hvm-{a}-ebs", "amzn2-ami-kernel-5.10-hvm-{r}-{a}-ebs", ("x86_64",), "standard", 8),
        ("amzn2-ami-minimal-hvm-{a}-ebs", "amzn2-ami-minimal-hvm-{r}-{a}-ebs", ARCHITECTURES, "standard", 2),
    ]
    for parameter, name, architectures, type, size in forms:
        for architecture in architectures:
            title = name.format(r=release, a=architecture)
            yield {
                "parameter": f"ami-amazon-linux-latest/{parameter.format(a=architecture)}",
                "name": title,
                "description": f"Amazon Linux 2 AMI {release} {architecture} HVM {type}",
                "owner": AMAZON_LINUX, "architecture": architecture, "devices": [_disk(size, type)],
                "boot_mode": "uefi" if architecture == "arm64" else "", "created": _time("2025-11-11T19:44:28"),
            }  # fmt: skip
    for type in ("gp2", "ebs"):
        yield {
            "parameter": f"ami-amazon-linux-latest/amzn-ami-hvm-x86_64-{type}",
            "name": f"amzn-ami-hvm-2018.03.0.20231218.0-x86_64-{type}",
            "description": f"Amazon Linux AMI 2018.03.0.20231218.0 x86_64 HVM {type}",
            "owner": AMAZON_LINUX, "architecture": "x86_64", "created": _time("2023-12-20T00:24:39"),
            "devices": [_disk(8, "gp2" if type == "gp2" else "standard")],
        }  # fmt: skip


def _windows() -> Iterator[Offer]:
    for year, type in WINDOWS_RELEASES.items():
        for edition in ("Full", "Core"):
            title = f"Windows_Server-{year}-English-{edition}-Base"
            what = "with Desktop Experience Locale English" if edition == "Full" else "Core Locale English"
            yield {
                "parameter": f"ami-windows-latest/{title}",
                "name": f"{title}-2025.11.12",
                "description": f"Microsoft Windows Server {year} {what} AMI provided by Amazon",
                "owner": WINDOWS, "architecture": "x86_64", "platform": "windows", "platform_details": "Windows",
                "usage_operation": "RunInstances:0002", "root_device": "/dev/sda1",
                "devices": [_disk(30, type, "/dev/sda1")], "created": _time("2025-11-12T08:30:21"),
                "boot_mode": "uefi" if year == "2025" else "",
            }  # fmt: skip


def _ubuntu() -> Iterator[Offer]:
    for version, (word, date, type) in UBUNTU_RELEASES.items():
        for architecture in ARCHITECTURES:
            arch = DEBIAN_WORDS[architecture]
            folder = "hvm-ssd-gp3" if type == "gp3" else "hvm-ssd"
            yield {
                "parameter": f"canonical/ubuntu/server/{version}/stable/current/{arch}/hvm/ebs-{type}/ami-id",
                "name": f"ubuntu/images/{folder}/ubuntu-{word}-{version}-{arch}-server-{date}",
                "description": f"Canonical, Ubuntu, {version}, {arch} {word} image",
                "owner": UBUNTU, "architecture": architecture, "root_device": "/dev/sda1",
                "devices": [_disk(8, type, "/dev/sda1"), *EPHEMERAL], "created": _date(date),
                "boot_mode": "uefi" if architecture == "arm64" else "uefi-preferred",
                "imds": "v2.0" if version == "24.04" else "",
            }  # fmt: skip


def _debian() -> Iterator[Offer]:
    for version, (date, type) in DEBIAN_RELEASES.items():
        for architecture in ARCHITECTURES:
            arch = DEBIAN_WORDS[architecture]
            yield {
                "parameter": f"debian/release/{version}/latest/{arch}",
                "name": f"debian-{version}-{arch}-{date}",
                "description": f"Debian {version} ({date})",
                "owner": DEBIAN, "architecture": architecture, "devices": [_disk(8, type)], "created": _date(date[:8]),
                "boot_mode": "uefi" if architecture == "arm64" else "uefi-preferred",
            }  # fmt: skip


def _containers() -> Iterator[Offer]:
    """The images for the hosts of ECS and EKS."""
    arm = {"x86_64": "", "arm64": "arm64/"}
    for architecture in ARCHITECTURES:
        yield _ecs(f"amazon-linux-2/{arm[architecture]}", "amzn2-ami-ecs-hvm-2.0.20251108-{a}-ebs", architecture, "gp2")
        yield _ecs(
            f"amazon-linux-2023/{arm[architecture]}", "al2023-ami-ecs-hvm-2023.0.20251108-kernel-6.1-{a}", architecture
        )
        for release in EKS_RELEASES:
            yield {
                "parameter":
                    f"eks/optimized-ami/{release}/amazon-linux-2023/{architecture}/standard/recommended/image_id",
                "name": f"amazon-eks-node-al2023-{architecture}-standard-{release}-v20251112",
                "description": f"EKS-optimized Kubernetes node based on Amazon Linux 2023, (k8s: {release}.0)",
                "owner": EKS, "architecture": architecture, "devices": [_disk(20)], "imds": "v2.0",
                "boot_mode": "uefi" if architecture == "arm64" else "uefi-preferred",
                "created": _time("2025-11-13T02:30:57"),
            }  # fmt: skip
        yield {
            "parameter": f"bottlerocket/aws-ecs-2/{architecture}/latest/image_id",
            "name": f"bottlerocket-aws-ecs-2-{architecture}-v1.50.0-3b3b9b9e",
            "description": "Bottlerocket for Amazon ECS",
            "owner": BOTTLEROCKET, "architecture": architecture, "created": _time("2025-11-06T21:07:00"),
            "devices": [_disk(2), _disk(20, "gp3", "/dev/xvdb")],
            "boot_mode": "uefi" if architecture == "arm64" else "uefi-preferred",
        }  # fmt: skip
    yield _ecs("amazon-linux-2/gpu/", "amzn2-ami-ecs-gpu-hvm-2.0.20251108-{a}-ebs", "x86_64", "gp2")
    yield _ecs("amazon-linux-2023/gpu/", "al2023-ami-ecs-gpu-hvm-2023.0.20251108-kernel-6.1-{a}", "x86_64")


def _ecs(parameter: str, name: str, architecture: str, type: str = "gp3") -> Offer:
    return {
        "parameter": f"ecs/optimized-ami/{parameter}recommended/image_id",
        "name": name.format(a=architecture),
        "description": "Amazon Linux AMI 2.0.20251108 ECS HVM EBS",
        "owner": ECS, "architecture": architecture, "devices": [_disk(30, type)],
        "created": _time("2025-11-10T22:16:24"),
        "boot_mode": "uefi" if architecture == "arm64" else "",
    }  # fmt: skip


def _time(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def _date(digits: str) -> float:
    return _time(f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}T09:41:17")


# -- by region ---------------------------------------------------------------------------------------------------------


@cache
def _images(region: str) -> dict[str, Image]:
    makers = (_amazon_linux_2023, _amazon_linux_2, _windows, _ubuntu, _debian, _containers)
    return {image.id: image for make in makers for image in (_image(region, offer) for offer in make())}


def _image(region: str, offer: Offer) -> Image:
    parameter = offer["parameter"]
    devices = [_with_snapshot(region, parameter, device) for device in offer["devices"]]
    members: dict[str, Any] = {"root_device": "/dev/xvda", **offer}
    members |= {"parameter": f"/aws/service/{parameter}", "devices": devices}
    return Image(
        **members, account="", region=region, id=image_id(region, parameter), alias="amazon", launch=["all"],
        location=f"amazon/{offer['name']}",
    )  # fmt: skip


def _with_snapshot(region: str, parameter: str, device: Device) -> Device:
    if device.ebs is None:
        return device
    return Device(name=device.name, ebs={**device.ebs, "SnapshotId": snapshot_id(region, parameter, device.name)})


@cache
def _snapshots(region: str) -> dict[str, Snapshot]:
    return {
        device.ebs["SnapshotId"]: Snapshot(
            account="", region=region, id=device.ebs["SnapshotId"], created=image.created, completed=image.created,
            volume="vol-ffffffff", size=device.ebs["VolumeSize"], owner=image.owner, alias="amazon", restore=["all"],
            description=f"Created for AMI {image.id}",
        )
        for image in _images(region).values()
        for device in image.devices
        if device.ebs is not None
    }  # fmt: skip


def images(ctx: Context) -> dict[str, Image]:
    """The public images of the region."""
    return _images(ctx.region)


def snapshots(ctx: Context) -> dict[str, Snapshot]:
    """The snapshots of their devices."""
    return _snapshots(ctx.region)
