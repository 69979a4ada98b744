//! Programs that make load: `wrk` for HTTP, `pgbench` for SQL.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::process::Command;
use tokio::time::timeout;

use super::World;
use super::processor::{self, PARTS};
use crate::packages;

/// Seconds of each measurement, after as many of [`WARM_UP`].
const SECONDS: u64 = 10;
const WARM_UP: u64 = 2;
/// Requests in hand at once.
const CONNECTIONS: &str = "8";
/// Far more than a measurement takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// What came of it.
#[derive(Debug)]
pub(super) struct Load {
    pub requests: f64,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Requests without an answer of success.
    pub failed: f64,
    /// Microseconds of the processor for one request, by who took them.
    pub processor_us: Vec<(&'static str, f64)>,
}

/// Sends the requests that `requests`, a table in Lua of `{method, path, headers, body}`, lists; `%d` in a body is a number of its own.
pub(super) async fn http(world: &World<'_>, requests: &str) -> Result<Load> {
    let script = world.launch.state.dir.join("wrk.lua");
    std::fs::write(&script, format!("local requests = {requests}\n{LUA}"))?;
    wrk(world, &script, WARM_UP).await?;
    let before = PARTS.map(|part| processor::seconds(world, part));
    let mut load = wrk(world, &script, SECONDS).await?;
    for (part, before) in PARTS.into_iter().zip(before) {
        load.processor_us.push((part, (processor::seconds(world, part)? - before?) / load.requests * 1e6));
    }
    Ok(load)
}

async fn wrk(world: &World<'_>, script: &Path, seconds: u64) -> Result<Load> {
    let mut command = Command::new("wrk");
    command
        .args(["-t", "2", "-c", CONNECTIONS, "--timeout", "10s", "-d", &format!("{seconds}s"), "-s"])
        .arg(script)
        .arg(&world.base);
    let output = text(command).await?;
    let line = output.lines().find_map(|line| line.strip_prefix("FIGURES ")).context("wrk told no figures")?;
    let figures: Vec<f64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let [requests, micros, p50, p99, errors] = figures[..] else { anyhow::bail!("wrk told {line}") };
    Ok(Load {
        requests,
        per_second: requests / micros * 1e6,
        p50_ms: p50 / 1e3,
        p99_ms: p99 / 1e3,
        failed: errors,
        processor_us: Vec::new(),
    })
}

/// Each thread has numbers of its own, and takes the requests in turn.
const LUA: &str = r#"
local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("thread_number", threads)
  thread:set("seed", os.time() % 100000)
end
local sent = 0
function request()
  sent = sent + 1
  local one = requests[(sent + thread_number) % #requests + 1]
  local body = one[4] and string.gsub(one[4], "%%d", string.format("%d%d%07d", seed, thread_number, sent))
  return wrk.format(one[1], one[2], one[3], body)
end
function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format("FIGURES %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"#;

/// Runs the statements in turn, prepared; answers how many a second.
pub(super) async fn sql(world: &World<'_>, database: &str, statements: &[String]) -> Result<f64> {
    let server = &world.servers.postgres;
    let program = packages::find("pgbench").context("pgbench comes with PostgreSQL")?;
    let mut command = Command::new(program);
    command.args(["-n", "-M", "prepared", "-c", CONNECTIONS, "-j", "2", "-T", &SECONDS.to_string()]);
    for (number, statement) in statements.iter().enumerate() {
        let script = world.launch.state.dir.join(format!("pgbench-{number}.sql"));
        std::fs::write(&script, format!("{statement};\n"))?;
        command.arg("-f").arg(script);
    }
    command.args(["-h", server.host_str().unwrap_or_default(), "-p", &server.port().unwrap_or_default().to_string()]);
    command.args(["-U", server.username(), database]).env("PGPASSWORD", server.password().unwrap_or_default());
    let output = text(command).await?;
    let tps = output.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next());
    Ok(tps.context("pgbench told no figures")?.parse()?)
}

async fn text(mut command: Command) -> Result<String> {
    let output = timeout(PATIENCE, command.kill_on_drop(true).output()).await.context("the load did not end")??;
    let error = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{} failed: {error}", command.as_std().get_program().display());
    Ok(String::from_utf8(output.stdout)?)
}
