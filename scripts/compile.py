#!/usr/bin/env python3
"""Compile `contracts/` and write one JSON artifact per deployable contract.

`contracts/test/` goes to `tests/artifacts/`, everything else to `coalition/chain/artifacts/`, from where the
Python package reads it: installing the package needs no compiler. `--check` writes nothing and fails where a
committed artifact differs from what the sources give.
"""

import argparse
import hashlib
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import solcx
import yaml

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
ARTIFACTS = ROOT / "coalition" / "chain" / "artifacts"
TEST_ARTIFACTS = ROOT / "tests" / "artifacts"
LIBRARY_CONTRACTS = ("@openzeppelin/contracts/access/manager/AccessManager.sol",)
DEPLOYED_BYTES_MAX = 24_576  # EIP-170
NODE_NUMBER = re.compile(r"(t_(?:contract|enum|struct|userDefinedValueType)\([^()]*\))\d+")

Json = dict[str, Any]


def settings() -> Json:
    """Return the standard-JSON settings that `brownie-config.yaml` asks for, without the wanted outputs."""
    chosen = yaml.safe_load((ROOT / "brownie-config.yaml").read_text())["compiler"]["solc"]
    return {"evmVersion": chosen["evm_version"], "viaIR": chosen["viaIR"], "optimizer": chosen["optimizer"]}


def standard_json(sources: dict[str, Path], **more_settings: object) -> Json:
    """Return the compiler's standard-JSON input for `sources`."""
    return {
        "language": "Solidity",
        "sources": {name: {"content": path.read_text()} for name, path in sources.items()},
        "settings": settings() | more_settings,
    }


def compiled(sources: dict[str, Path]) -> Json:
    """Return the compiler's answer for `sources`, or exit with its complaints."""
    wanted = ["abi", "evm.bytecode", "evm.deployedBytecode", "metadata", "storageLayout"]
    request = standard_json(sources, outputSelection={"*": {"*": wanted, "": ["ast"]}})
    try:
        answer: Json = solcx.compile_standard(request, base_path=ROOT, solc_binary=ROOT / "scripts" / "solc")
    except solcx.exceptions.SolcError as error:
        raise SystemExit(error.message) from None
    for complaint in answer.get("errors", []):
        if complaint.get("sourceLocation", {}).get("file", "").startswith("@"):
            continue  # a library's own warnings
        print(complaint["formattedMessage"].rstrip(), file=sys.stderr)
    return answer


def deployable(unit: Json) -> set[str]:
    """Return the contracts of one source that can be deployed: no library, no interface, none abstract."""
    return {
        node["name"]
        for node in unit["ast"]["nodes"]
        if node["nodeType"] == "ContractDefinition" and node["contractKind"] == "contract" and not node["abstract"]
    }


def storage_layout(layout: Json) -> Json:
    """Drop the compiler's node numbers, which change with every unrelated edit."""
    for variable in layout["storage"]:
        del variable["astId"]
    for kind in (layout["types"] or {}).values():
        for member in kind.get("members", []):
            del member["astId"]
    stable: Json = json.loads(NODE_NUMBER.sub(r"\1", json.dumps(layout)))
    return stable


def artifact(name: str, contract: Json) -> Json:
    """Return what is committed for one contract; `sourceHash` covers every source that it is made of."""
    metadata = json.loads(contract["metadata"])
    code, deployed = contract["evm"]["bytecode"], contract["evm"]["deployedBytecode"]
    if code["linkReferences"]:
        raise SystemExit(f"{name} needs a deployed library: make the library's functions internal")
    lines = [f"{path} {source['keccak256']}\n" for path, source in sorted(metadata["sources"].items())]
    return {
        "contractName": name,
        "abi": contract["abi"],
        "bytecode": "0x" + code["object"],
        "deployedBytecode": "0x" + deployed["object"],
        "immutableReferences": sorted(
            (span for spans in deployed["immutableReferences"].values() for span in spans),
            key=lambda span: span["start"],
        ),
        "compiler": metadata["compiler"]["version"],
        "settings": settings(),
        "sourceHash": "0x" + hashlib.sha256("".join(lines).encode()).hexdigest(),
        "storageLayout": storage_layout(contract["storageLayout"]),
    }


def artifacts(sources: dict[str, Path]) -> Iterator[tuple[Path, Json]]:
    """Yield the file and the content of every artifact that `sources` should have."""
    answer = compiled(sources)
    for source in sources:
        folder = TEST_ARTIFACTS if source.startswith("contracts/test/") else ARTIFACTS
        for name in sorted(deployable(answer["sources"][source])):
            yield folder / f"{name}.json", artifact(name, answer["contracts"][source][name])


def report_sizes(wanted: dict[Path, Json]) -> bool:
    """Print each contract's deployed size; return whether all of them can be deployed."""
    sizes = {content["contractName"]: len(content["deployedBytecode"]) // 2 - 1 for content in wanted.values()}
    for name, size in sizes.items():
        print(f"{name:<28} {size:>7,} bytes  {size / DEPLOYED_BYTES_MAX:>4.0%} of {DEPLOYED_BYTES_MAX:,}")
    return all(size <= DEPLOYED_BYTES_MAX for size in sizes.values())


def differences(wanted: dict[Path, str]) -> list[Path]:
    """Return the artifact files that are missing, stale or left over."""
    found = {file for folder in (ARTIFACTS, TEST_ARTIFACTS) for file in folder.glob("*.json")}
    stale = {file for file in found & wanted.keys() if file.read_text() != wanted[file]}
    return sorted(stale | (found ^ wanted.keys()))


def update(file: Path, text: str | None) -> None:
    """Write `text`, or remove the artifact of a contract that is gone."""
    if text is None:
        file.unlink()
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description="Compile contracts/ and write one artifact per contract.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail where a committed file differs")
    parser.add_argument(
        "--standard-json", type=Path, metavar="FILE", help="only write the compiler's input, for slither"
    )
    return parser.parse_args()


def main() -> int:
    """Write the artifacts, or compare them with the committed ones; return the exit status."""
    asked = arguments()
    if shutil.which("node") is None or not (ROOT / "node_modules" / "solc").is_dir():
        raise SystemExit("scripts/compile.py needs Node 20 or later and the npm packages: run `make setup`")

    sources = {path.relative_to(ROOT).as_posix(): path for path in sorted(CONTRACTS.rglob("*.sol"))}
    if asked.standard_json:
        asked.standard_json.parent.mkdir(parents=True, exist_ok=True)
        # Slither looks the sources up by their paths, so it needs the library's real ones.
        remapped = standard_json(sources, remappings=["@openzeppelin/=node_modules/@openzeppelin/"])
        asked.standard_json.write_text(json.dumps(remapped))
        return 0
    sources |= {name: ROOT / "node_modules" / name for name in LIBRARY_CONTRACTS}
    made = dict(artifacts(sources))
    texts = {file: json.dumps(content, indent=1, sort_keys=True) + "\n" for file, content in made.items()}
    deployable_sizes = report_sizes(made)

    changed = differences(texts)
    for file in changed:
        print(f"{'differs' if asked.check else 'updates'}: {file.relative_to(ROOT)}")
        if not asked.check:
            update(file, texts.get(file))
    return 0 if deployable_sizes and not (asked.check and changed) else 1


if __name__ == "__main__":
    sys.exit(main())
