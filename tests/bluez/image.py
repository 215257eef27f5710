"""What the virtual machine boots: Debian's kernel with Bluetooth, and BlueZ beside this machine's own files.

Nothing is installed and no root file system is made. Packages are downloaded as any user may, unpacked into a
cache and laid over the machine's own root inside the guest, so that the guest runs this checkout with this
virtual environment. Run as a script it prepares the image, or says in a sentence what is missing.
"""

import hashlib
import lzma
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

#: Like a Raspberry Pi's. Debian's cloud kernel has no Bluetooth, and Debian 12's first one, 6.1, takes
#: bluetoothd with it when a tool has lost its bond (list corruption in hci_chan_del).
KERNELS = ("linux-image-6.12-amd64", "linux-image-amd64")
SERVICES = ("bluez", "dbus")

#: The bus that the root hangs on and the file systems that it is made of; the ciphers that pairing takes, in
#: the order in which they are tested by each other; a controller without hardware, and the ports to the host.
MODULES = (
    "virtio_pci",
    "9pnet_virtio",
    "9p",
    "overlay",
    "ctr",
    "hmac",
    "sha512_generic",
    "drbg",
    "ecdh_generic",
)
MODULES += ("cmac", "ecb", "algif_skcipher", "algif_hash", "uhid", "hci_vhci", "virtio_console")

#: By the Debian package that has it.
PROGRAMS = {
    "qemu-system-x86": "qemu-system-x86_64",
    "busybox-static": "busybox",
    "cpio": "cpio",
    "kmod": "depmod",
}

#: The guest's first program.
INIT = Path(__file__).parent / "guest" / "init"


class CannotPrepare(Exception):
    """This machine lacks something; the message is a sentence for its user."""


@dataclass(frozen=True)
class Image:
    """Files to boot: a kernel, its initial file system, and a tree to lay over the machine's own."""

    kernel: Path
    initrd: Path
    overlay: Path


def prepare() -> Image:
    """Return the image, made anew where packages or the first program have changed.

    Raises
    ------
    CannotPrepare
    """
    os.environ["PATH"] += ":/usr/sbin:/sbin"  # where a user finds depmod
    if sys.platform != "linux" or os.uname().machine != "x86_64" or not shutil.which("apt-get"):
        raise CannotPrepare(
            "The virtual machine runs this machine's own programs: it takes Debian on x86-64."
        )
    if missing := [package for package, program in PROGRAMS.items() if not shutil.which(program)]:
        raise CannotPrepare(f"For the virtual machine run: sudo apt-get install {' '.join(missing)}")
    try:
        packages = _packages()
        recipe = _run("apt-get", "download", "--print-uris", *packages).encode()  # has their versions
        recipe += INIT.read_bytes() + Path(__file__).read_bytes()
        cache = user_cache_path("griphub") / "bluez-vm"
        made = cache / hashlib.sha256(recipe).hexdigest()[:12]
        if not made.exists():
            shutil.rmtree(cache, ignore_errors=True)  # what other packages gave
            unfinished = cache / "unfinished"
            unfinished.mkdir(parents=True)
            _make(unfinished, packages)
            unfinished.rename(made)  # so that what was interrupted is not taken for an image
    except subprocess.CalledProcessError as error:
        said = (error.stderr.strip() or "nothing").splitlines()[-1]
        raise CannotPrepare(f"`{' '.join(map(str, error.cmd[:3]))}` failed and said: {said}") from error
    return Image(made / "vmlinuz", made / "initrd", made / "overlay")


def _packages() -> list[str]:
    """Names of the packages to unpack: the kernel's, and those of the services that this machine lacks."""
    depends = _run("apt-cache", "depends", *KERNELS).split()
    kernel = next(word for word in depends if word.startswith("linux-image-") and word not in KERNELS)
    plan = _run("apt-get", "install", "--simulate", "--no-install-recommends", *SERVICES).splitlines()
    return [kernel, *(line.split()[1] for line in plan if line.startswith("Inst "))]


def _make(folder: Path, packages: list[str]) -> None:
    debs, kernel, overlay = (folder / name for name in ("debs", "kernel", "overlay"))
    for made in (debs, kernel, overlay):
        made.mkdir()
    _run("apt-get", "download", *packages, at=debs)
    for deb in debs.iterdir():
        _run("dpkg-deb", "-x", deb, kernel if deb.name.startswith("linux-image-") else overlay)
    for name in ("bin", "sbin", "lib"):
        if (overlay / name).is_dir():  # a folder would hide the link that Debian has there
            shutil.copytree(overlay / name, overlay / "usr" / name, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(overlay / name)
    (vmlinuz,) = (kernel / "boot").glob("vmlinuz-*")
    vmlinuz.rename(folder / "vmlinuz")
    if not (kernel / "lib").exists():
        (kernel / "lib").symlink_to("usr/lib")  # from Debian 13 on they lie there
    _pack_initrd(folder, kernel, vmlinuz.name.removeprefix("vmlinuz-"))
    for done in (debs, kernel):
        shutil.rmtree(done)


def _pack_initrd(folder: Path, kernel: Path, version: str) -> None:
    """Pack the first program, busybox to run it, and the modules in an order in which they can be loaded."""
    _run("depmod", "-b", kernel, version)
    files = folder / "files"
    (files / "bin").mkdir(parents=True)
    (files / "modules").mkdir()
    shutil.copy(INIT, files / "init")
    shutil.copy(str(shutil.which("busybox")), files / "bin" / "busybox")
    order: list[str] = []
    for module in MODULES:
        needs = _run("modprobe", "-d", kernel, "-S", version, "--show-depends", module).splitlines()
        for path in (Path(line.split()[1]) for line in needs if line.startswith("insmod ")):
            if path.stem not in order:
                order.append(path.stem)
                data = path.read_bytes()
                unpacked = lzma.decompress(data) if path.suffix == ".xz" else data
                (files / "modules" / path.stem).write_bytes(unpacked)
    (files / "modules" / "order").write_text("\n".join(order))
    names = "\n".join(str(path.relative_to(files)) for path in sorted(files.rglob("*")))
    with (folder / "initrd").open("wb") as initrd:
        pack = ["cpio", "-o", "-H", "newc", "--quiet"]
        subprocess.run(
            pack, cwd=files, input=names.encode(), stdout=initrd, stderr=subprocess.PIPE, check=True
        )
    shutil.rmtree(files)


def _run(*command: str | Path, at: Path | None = None, given: str | None = None) -> str:
    """Run a program and return what it prints."""
    return subprocess.run(command, cwd=at, input=given, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    try:
        print(f"The virtual machine is ready in {prepare().kernel.parent}.")
    except CannotPrepare as error:
        sys.exit(str(error))
