//! What steps need, prepared when the first one asks for it and put away at the end.

use anyhow::Result;

use super::steps::Need;
use super::{Bins, Place, Variables};
use crate::process::{log, run};
use crate::settings::Settings;
use crate::state::State;
use crate::{down, packages, servers, services, tools, up};

/// What is there already.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    servers: Option<Variables>,
    /// Not before, but by these checks.
    started_servers: bool,
    node: Option<Bins>,
    python: Option<Bins>,
    fleet: Option<Variables>,
}

/// What a step's command runs with.
#[derive(Debug, Default)]
pub(super) struct Provided {
    pub(super) env: Variables,
}

impl Prepared {
    /// What these needs give to a command; the inner error says why the step cannot apply here.
    pub(super) async fn provide(&mut self, place: &Place<'_>, needs: &[Need]) -> Result<Result<Provided, String>> {
        let mut provided = Provided::default();
        let mut bins = Bins::new();
        for need in needs {
            match need {
                Need::Program(name) if packages::find(name).is_none() => {
                    return Ok(Err(format!("{name} is not installed")));
                }
                Need::Program(_) => {}
                Need::Servers => provided.env.extend(self.servers(place).await?),
                Need::Fleet => provided.env.extend(self.fleet(place).await?),
                Need::Node => match self.node(place).await? {
                    Some(found) => bins.extend(found),
                    None => return Ok(Err("integration-tests/tools has no package-lock.json".to_owned())),
                },
                Need::Python => match self.python(place).await? {
                    Some(found) => bins.extend(found),
                    None => return Ok(Err("integration-tests/tools has no requirements.txt".to_owned())),
                },
            }
        }
        if !bins.is_empty() {
            provided.env.push(("PATH".to_owned(), tools::path_with(&bins)?));
        }
        Ok(Ok(provided))
    }

    async fn servers(&mut self, place: &Place<'_>) -> Result<Variables> {
        if self.servers.is_none() {
            let screen = place.progress.step("test servers");
            self.started_servers = !servers::run_already(place.test).await;
            let found = servers::ensure(place.test).await?;
            screen.done();
            self.servers = Some(vec![
                ("IGNY8_TEST_DATABASE_URL".to_owned(), found.postgres.to_string().into()),
                ("IGNY8_TEST_AMQP_URL".to_owned(), found.amqp.to_string().into()),
            ]);
        }
        Ok(self.servers.clone().unwrap_or_default())
    }

    async fn node(&mut self, place: &Place<'_>) -> Result<Option<Bins>> {
        if self.node.is_none() {
            self.node = tools::node(place.state, place.progress).await?.map(|bin| vec![bin]);
        }
        Ok(self.node.clone())
    }

    async fn python(&mut self, place: &Place<'_>) -> Result<Option<Bins>> {
        if self.python.is_none() {
            self.python = tools::python(place.state, place.progress).await?.map(|bin| vec![bin]);
        }
        Ok(self.python.clone())
    }

    async fn fleet(&mut self, place: &Place<'_>) -> Result<Variables> {
        if self.fleet.is_none() {
            self.fleet = Some(start_fleet(place).await?);
        }
        Ok(self.fleet.clone().unwrap_or_default())
    }

    /// Stops what was started for the checks. Servers that ran before stay.
    pub(super) async fn finish(self, place: &Place<'_>) {
        if self.started_servers
            && let Err(error) = servers::stop(place.test, place.progress).await
        {
            crate::progress::say(&format!("  ! the test servers did not stop: {error:#}"));
        }
        if self.fleet.is_some()
            && let Ok(state) = check_state(place)
            && let Err(error) = down::stop(&state, place.progress).await
        {
            crate::progress::say(&format!("  ! the fleet of the checks did not stop: {error:#}"));
        }
    }
}

/// A fleet of its own, empty at the start: checks write nonsense, and a person's data is not theirs.
async fn start_fleet(place: &Place<'_>) -> Result<Variables> {
    let state = check_state(place)?;
    down::stop_and_erase(&state, place.progress).await?;
    let state = check_state(place)?;
    let screen = place.progress.step("a fleet of the checks' own");
    let started = up::in_background(&state, &up::Wishes::default(), |text| screen.detail(last_line(text))).await;
    if started.is_err() {
        anyhow::bail!(
            "the fleet of the checks did not start:\n{}",
            log::last_lines(&state.log("fleet"), run::LAST_LINES)
        );
    }
    screen.done();
    let url = services::public_url(&Settings::read(state)?)?;
    Ok(vec![("IGNY8_URL".to_owned(), url.into())])
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default().trim()
}

fn check_state(place: &Place<'_>) -> Result<State> {
    State::open(&place.state.root, &place.state.dir.join("check"))
}
