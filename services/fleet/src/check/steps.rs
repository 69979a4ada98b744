//! The checks, in the order in which they run. To add one, add a row.

/// What a step runs. The working directory is the root of the checkout.
#[derive(Debug, Clone, Copy)]
pub enum Action {
    /// A command of which only a failure is worth reading.
    Quiet(&'static [&'static str]),
    /// A command whose output is shown as it comes.
    Shown(&'static [&'static str]),
    /// All Rust tests.
    RustTests,
}

/// What has to be there first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The test servers: `IGNY8_TEST_DATABASE_URL` and `IGNY8_TEST_AMQP_URL`.
    Servers,
    /// The npm tools of `integration-tests/tools`, on `PATH`.
    Node,
    /// The Python tools of `integration-tests/tools`, on `PATH`.
    Python,
    /// A fleet of its own, empty at the start: `IGNY8_URL`.
    Fleet,
    /// A program that is good to have: without it the step is skipped.
    Program(&'static str),
}

/// One check.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// For `test --only`.
    pub name: &'static str,
    pub what: &'static str,
    pub needs: &'static [Need],
    pub action: Action,
}

use Action::{Quiet, RustTests, Shown};
use Need::{Fleet, Node, Program, Python, Servers};

const COMPARE_TYPES: &str = "openapi-typescript proto/openapi.json | diff -u services/web/src/services/schema.d.ts -";
const FUZZ: &str = r#"python integration-tests/tools/api.py "$IGNY8_URL""#;
/// Its paths are those of the container; elsewhere they must exist too.
const ENVOY: &str = r#"dir=$(mktemp -d) && trap 'rm -r "$dir"' EXIT && mkdir "$dir/tls" && cp docker/envoy/*.yaml "$dir" \
    && sed -i "s#/etc/envoy#$dir#g" "$dir"/*.yaml && envoy --mode validate --log-level warning --config-path "$dir/edge.yaml""#;
const YAML: &str = "git ls-files '*.yaml' '*.yml' ':!helm/*/templates/*' | xargs --no-run-if-empty yamllint --strict";
const SHELL: &str = "git ls-files '*.sh' | xargs --no-run-if-empty shellcheck";
const ORDEAL: &[&str] =
    &["cargo", "test", "--workspace", "--test", "it", "--", "--ignored", "--nocapture", "two_hundred_articles"];

/// Long forms: of the step `faults`, and of what the publisher promises. Together they take about twenty-five minutes.
pub const LONG_FAULTS: [Step; 2] = [
    Step {
        name: "faults",
        what: "a fleet at work loses nothing when its parts are killed, over and over",
        needs: &[],
        action: Shown(&["cargo", "test", "--workspace", "--test", "faults", "--", "--long"]),
    },
    Step {
        name: "publishing",
        what: "two hundred articles have one page each, whatever is killed and lost",
        needs: &[Servers],
        action: Shown(ORDEAL),
    },
];

pub const STEPS: &[Step] = &[
    Step { name: "fmt", what: "Rust is formatted", needs: &[], action: Quiet(&["cargo", "fmt", "--all", "--check"]) },
    Step {
        name: "clippy",
        what: "Rust has no lint",
        needs: &[],
        action: Quiet(&["cargo", "clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Step { name: "rust", what: "Rust tests", needs: &[Servers], action: RustTests },
    Step {
        name: "faults",
        what: "a fleet at work loses nothing when its parts are killed",
        needs: &[],
        // Of the whole workspace: chosen by itself, the package would be built once more, with fewer features of what it stands on.
        action: Shown(&["cargo", "test", "--workspace", "--test", "faults"]),
    },
    Step {
        name: "deny",
        what: "bans, licences and sources of dependencies",
        needs: &[Program("cargo-deny")],
        action: Quiet(&["cargo", "deny", "check", "bans", "licenses", "sources"]),
    },
    Step {
        name: "buf-lint",
        what: "protos follow the rules",
        needs: &[Node],
        action: Quiet(&["buf", "lint", "proto"]),
    },
    Step {
        name: "buf-breaking",
        what: "protos stay compatible",
        needs: &[Node],
        action: Quiet(&["buf", "breaking", "proto", "--against", "proto/baseline.binpb"]),
    },
    Step {
        name: "openapi",
        what: "the OpenAPI document is valid",
        needs: &[Node],
        action: Quiet(&["redocly", "lint", "--config", "integration-tests/tools/redocly.yaml", "proto/openapi.json"]),
    },
    Step {
        name: "types",
        what: "the console's types are up to date",
        needs: &[Node],
        action: Quiet(&["sh", "-c", COMPARE_TYPES]),
    },
    Step { name: "yaml", what: "YAML is well formed", needs: &[Python], action: Quiet(&["sh", "-c", YAML]) },
    Step { name: "shell", what: "shell scripts have no fault", needs: &[Python], action: Quiet(&["sh", "-c", SHELL]) },
    Step {
        name: "dockerfile",
        what: "the container build follows the rules",
        needs: &[Python],
        action: Quiet(&["hadolint", "docker/Dockerfile"]),
    },
    Step {
        name: "envoy",
        what: "the edge's configuration is valid",
        needs: &[Python],
        action: Quiet(&["sh", "-c", ENVOY]),
    },
    Step {
        name: "chart",
        what: "the chart is valid and k8s/base is rendered from it",
        needs: &[Python],
        action: Quiet(&["python", "integration-tests/tools/chart.py", "check"]),
    },
    Step {
        name: "kustomize",
        what: "the overlays build",
        needs: &[Program("kubectl")],
        action: Quiet(&["kubectl", "kustomize", "k8s/base"]),
    },
    Step {
        name: "api",
        what: "a running fleet answers as the OpenAPI document says",
        needs: &[Python, Fleet],
        action: Shown(&["sh", "-c", FUZZ]),
    },
];
