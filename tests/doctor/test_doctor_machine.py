"""What a machine has, which versions it has, and whether a need fits into it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mteval.doctor_facts import Surroundings, facts_of
from mteval.doctor_fakes import HubServer, Shelved
from mteval.doctor_machine import Device, Memory, free_disk, main_memory, writable
from mteval.doctor_network import HubSays, Repository, ask_endpoints, ask_hub
from mteval.doctor_parts import Fact, Part, amount
from mteval.doctor_text import summary
from mteval.doctor_versions import misfits
from mteval.needs import Need
from tests.doctor.conftest import GB

SMI = """#!/bin/sh
case "$*" in *index,uuid,name,memory.total,memory.free*) ;; *) exit 9 ;; esac
echo "0, GPU-aaaa1111, NVIDIA Small, 8192, 1024"
echo "1, GPU-bbbb2222, NVIDIA Large, 81920, 80000"
"""
LARGE = Device("Large", Memory(80 * GB, 20 * GB))


def devices_seen(folder: Path, smi: str | None = SMI, cuda: str = "'12.8'", **environment: str) -> str:
    """What a process sees whose nvidia-smi is a script and whose torch is a file that says what it was built for."""
    torch = folder / "packages" / "torch"
    torch.mkdir(parents=True, exist_ok=True)
    (torch / "__init__.py").write_text("raise SystemExit('torch was imported')", encoding="utf-8")
    built = f"from typing import Optional\ncuda: Optional[str] = {cuda}\nhip: Optional[str] = None\n"
    (torch / "version.py").write_text(built, encoding="utf-8")
    (folder / "bin").mkdir(exist_ok=True)
    if smi is not None:
        (folder / "bin" / "nvidia-smi").write_text(smi, encoding="utf-8")
        (folder / "bin" / "nvidia-smi").chmod(0o755)
    root = str(Path(__file__).parents[2])
    paths = os.pathsep.join([str(folder / "packages"), root])
    env = {**os.environ, "PYTHONPATH": paths, "PATH": f"{folder / 'bin'}:/usr/bin:/bin", **environment}
    code = "from mteval.doctor_machine import devices; found, told = devices(); print([d.name for d in found], told)"
    shown = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert shown.stderr == ""
    return shown.stdout.strip()


def test_nvidias_own_program_is_asked_and_torch_is_not_imported(tmp_path: Path) -> None:
    assert devices_seen(tmp_path) == "['NVIDIA Small', 'NVIDIA Large']"
    assert devices_seen(tmp_path, CUDA_VISIBLE_DEVICES="1") == "['NVIDIA Large']"
    assert devices_seen(tmp_path, CUDA_VISIBLE_DEVICES="GPU-aaaa") == "['NVIDIA Small']"
    assert devices_seen(tmp_path, CUDA_VISIBLE_DEVICES="").startswith("[] none that this process may use")
    assert "is built for the CPU alone: models run on the CPU" in devices_seen(tmp_path, cuda="None")
    broken = "#!/bin/sh\necho 'NVIDIA-SMI has failed'\nexit 9\n"
    assert devices_seen(tmp_path, smi=broken) == "[] nvidia-smi says: NVIDIA-SMI has failed"


def test_without_a_driver_there_is_none(tmp_path: Path) -> None:
    if any(Path("/dev", name).exists() for name in ("nvidiactl", "kfd", "dxg")):
        pytest.skip("this machine has the driver of an accelerator")
    assert devices_seen(tmp_path, smi=None) == "[] none found: models run on the CPU"


def test_memory_and_disk_are_those_of_this_machine(tmp_path: Path) -> None:
    memory = main_memory()
    assert memory is not None
    assert 0 < memory.free <= memory.total
    assert free_disk(tmp_path / "not" / "yet" / "there")
    assert writable(tmp_path / "new" / "folder")
    (tmp_path / "file").touch()
    assert not writable(tmp_path / "file" / "folder")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("size", "around", "found", "said"),
    [
        (GB, Surroundings(memory=Memory(8 * GB, 4 * GB)), True, "takes 1 GB; 4 GB are free"),
        (6 * GB, Surroundings(memory=Memory(8 * GB, 4 * GB)), None, "takes 6 GB, and only 4 GB are free now"),
        (9 * GB, Surroundings(memory=Memory(8 * GB, 4 * GB)), False, "takes 9 GB, and this machine has 8 GB"),
        (GB, Surroundings(), None, "takes 1 GB; how much this machine has cannot be told"),
        (9 * GB, Surroundings(devices=[LARGE], memory=Memory(8 * GB, GB)), True, "takes 9 GB; 20 GB are free on Large"),
        (30 * GB, Surroundings(devices=[LARGE]), None, "takes 30 GB, and only 20 GB are free now on Large"),
        (90 * GB, Surroundings(devices=[LARGE], memory=Memory(99 * GB, GB)), None, "takes 90 GB, and Large has 80 GB"),
        (90 * GB, Surroundings(devices=[LARGE], memory=Memory(8 * GB, GB)), False, "takes 90 GB, and Large has 80 GB"),
    ],
)
def test_weights_fit_or_they_do_not(size: int, around: Surroundings, found: bool | None, said: str) -> None:
    there, memory = facts_of([Need("checkpoint", "x", True, memory=size)], around, example=False)
    assert there.found
    assert (memory.found, memory.said) == (found, said)
    assert memory.remedy or memory.found


def test_what_an_example_lacks_says_nothing() -> None:
    needs = [Need("file", "my.txt", False, "no such file"), Need("key", "KEY", False, "not set")]
    found = {fact.what: fact.found for fact in facts_of(needs, Surroundings(), example=True)}
    assert found == {"my.txt": None, "key KEY": False}


def test_a_data_set_of_the_hub_is_asked_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    shelved = Shelved({"dev/ro.txt": 1000, "test/ro.txt": 5000, "README.md": 9}, gated=True)
    need = Need("data", "flores", None, hub="org/flores", dataset=True, files=("dev/*",), remedy="get it")
    with HubServer({}, {"org/flores": shelved}) as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        says = ask_hub([need])
        (fact,) = facts_of([need], Surroundings(hub=says), example=False)
        assert fact.remedy == f"accept it at {server.url}/datasets/org/flores and log in with hf auth login"
    (repository,) = says
    assert repository == Repository("org/flores", True, None)
    assert says[repository].download(need) == 1000
    assert fact.found is False
    assert server.asked[0].startswith("/api/datasets/org/flores?")


def test_whether_a_licence_was_accepted_may_stay_unknown() -> None:
    need = Need("checkpoint", "x", False, hub="org/x", gated=True)
    says = HubSays(sizes={"a": 5}, gated=True)
    (fact,) = facts_of([need], Surroundings(hub={Repository("org/x", False, None): says}), example=False)
    assert fact.found is None
    assert "the hub does not say whether this user has accepted its licence" in fact.said


def test_data_from_elsewhere_is_asked_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    with HubServer({}) as server:
        need = Need("data", "wmt24", False, "not here", "go online", url=server.url)
        (fact,) = facts_of([need], Surroundings(endpoints=ask_endpoints([server.url])), example=False)
        assert (fact.found, fact.said) == (
            True,
            f"is downloaded at first use: its server {server.url} answers (HTTP 401)",
        )
    monkeypatch.setenv("MTEVAL_OFFLINE", "1")
    away = Need("data", "wmt24", False, "not here", "go online", url="https://example.org")
    (fact,) = facts_of([away], Surroundings(endpoints=ask_endpoints(["https://example.org"])), example=False)
    assert fact.found is False
    assert "this run is offline" in fact.said


def test_packages_in_other_versions_are_found_however_deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def install(name: str, version: str, *requires: str) -> None:
        folder = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        text = "\n".join([*lines, *(f"Requires-Dist: {one}" for one in requires), "", ""])
        (folder / "METADATA").write_text(text, encoding="utf-8")

    install("t-root", "1", "t-middle>=1", "t-gone<3", "t-optional>5; extra == 'more'", "t-other; python_version < '3'")
    install("t-middle", "2", "protobuf<2", "t-root", "t-deep[more]>=1")
    install("t-deep", "1", "t-new>=2; extra == 'more'")
    install("t-new", "1")
    monkeypatch.syspath_prepend(str(tmp_path))
    count, found = misfits("t-root")
    assert count == 5
    assert {one.requirement: (one.version is None, one.wanted_by) for one in found} == {
        "t-gone<3": (True, "t-root"),
        "protobuf<2": (False, "t-middle"),
        "t-new>=2": (False, "t-deep"),
    }
    said = next(one.said for one in found if one.name == "protobuf")
    assert said.endswith("and t-middle wants protobuf<2: COMET's libraries cannot import newer ones")


def test_this_installation_is_in_order() -> None:
    assert misfits()[1] == []


def test_amounts_are_in_steps_of_a_thousand() -> None:
    found = [amount(size) for size in (0, 999, 1000, 2_463_000_000, 999_600, 12_345_678)]
    assert found == ["0 bytes", "999 bytes", "1 kB", "2.46 GB", "1 MB", "12.3 MB"]


def test_the_summary_counts_and_names_a_few() -> None:
    def part(name: str, found: bool | None) -> Part:
        return Part("systems", name, (Fact("x", found, ""),))

    assert summary([part("a", True)]) == "Everything can run."
    assert summary([part("a", True), part("b", None)]) == "Nothing is known to lack; 1 unknown."
    assert summary([part("a", False), part("b", None)]) == "1 of 2 lacks something: a; 1 unknown."
    assert summary([part(name, False) for name in "abcd"]) == "4 of 4 lack something."
