"""Checks the Helm chart and keeps k8s/base in step with it.

    chart.py check    lint strictly, render, validate against the Kubernetes schemas, compare with k8s/base
    chart.py render   write k8s/base/fleet.yaml anew
"""

import pathlib
import subprocess
import sys

import helm_python as helm

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "igny8"
RENDERED = ROOT / "k8s" / "base" / "fleet.yaml"
KUBERNETES = "1.30"
HEADER = "# Rendered from helm/igny8 by `chart.py render`; edit the chart.\n"


def render() -> str:
    with helm.Chart.load(str(CHART)) as chart:
        chart.validate_schema({})
        manifests = chart.render({}, name="igny8", namespace="igny8")
    texts = [text.strip("\n") for _, text in sorted(manifests.items()) if text.strip()]
    return HEADER + "\n".join(texts) + "\n"


def lint() -> list[str]:
    report = helm.lint(str(CHART), strict=True, kube_version=KUBERNETES)
    return [str(message) for message in report.get("messages", []) if "icon is recommended" not in str(message)]


def refused() -> list[str]:
    """Values that the schema must refuse, so that a typo fails before a cluster sees it."""
    bad = [{"servces": {}}, {"publicUrl": "ftp://x"}, {"services": {"auth": {"replicas": -1}}}, {"services": {"auth": {"prot": 1}}}]
    faults = []
    with helm.Chart.load(str(CHART)) as chart:
        for values in bad:
            try:
                chart.validate_schema(values)
                faults.append(f"the schema accepts {values}")
            except helm.HelmError:
                pass
    return faults


def check() -> int:
    text = render()
    faults = lint() + refused()
    validate = subprocess.run(
        [pathlib.Path(sys.executable).with_name("kubernetes-validate"), "--strict", "--kubernetes-version", KUBERNETES, "-"],
        input=text,
        text=True,
        capture_output=True,
        check=False,
    )
    if validate.returncode:
        faults.append(validate.stdout + validate.stderr)
    if not RENDERED.exists() or RENDERED.read_text() != text:
        faults.append(f"{RENDERED.relative_to(ROOT)} differs from the chart: run chart.py render")
    print("\n".join(faults) or "the chart is valid and k8s/base is up to date")
    return 1 if faults else 0


def main() -> int:
    match sys.argv[1:]:
        case ["check"]:
            return check()
        case ["render"]:
            RENDERED.parent.mkdir(parents=True, exist_ok=True)
            RENDERED.write_text(render())
            return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
